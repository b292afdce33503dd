-- migrate-validate: ignore table-without-primary-key, applies: tiny
create table a (x int);
