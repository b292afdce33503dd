update categories set parent_id = null where parent_id = id;
alter table categories add constraint categories_parent check (parent_id <> id);
