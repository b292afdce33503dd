-- migrate-validate: assume unique lower(emial) on users
-- migrate-validate: assume not null nickname on users
-- migrate-validate: assume not null id on usres
-- migrate-validate: assume check (lower(id) = 'a') on users
-- migrate-validate: assume no rows: select from people
alter table users add nickname text;
create unique index on users (lower(email));
