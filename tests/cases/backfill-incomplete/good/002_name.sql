alter table people add column name text;
update people set name = concat_ws(' ', first_name, last_name);
