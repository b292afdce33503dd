-- migrate-validate: ignore table-without-primary-key: a log
create table a (x int);
