create table parent (id int primary key);
create table child (id int primary key, parent_id int references parent);
-- migrate-validate: ignore splinter:unindexed_foreign_keys, table-without-primary-key: a log that nobody joins
create table log (parent_id int references parent, text text);
create index on child (parent_id);
-- migrate-validate: ignore orphaned-rows: the rule is off here
select 1;
comment on table log is '-- migrate-validate: ignore applies: no comment';
