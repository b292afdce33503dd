-- migrate-validate: ignore table-without-primary-key
create table a (x int);
-- migrate-validate: ignore table-without-primary-key:
create table b (x int);
select 1; -- migrate-validate: ignore
