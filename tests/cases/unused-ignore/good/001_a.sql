create table parent (id int primary key);
-- migrate-validate: ignore unindexed-foreign-key: 40 rows, never deleted
create table child (id int primary key, parent_id int references parent);
