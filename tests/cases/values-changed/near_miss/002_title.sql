-- Filled from the old column before that is dropped: a rename in three steps.
alter table products add column title varchar;
update products set title = name;
alter table products drop column name;
