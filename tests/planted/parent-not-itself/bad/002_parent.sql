alter table categories add constraint categories_parent check (parent_id <> id);
