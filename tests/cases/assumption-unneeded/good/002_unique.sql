-- migrate-validate: assume unique lower(email) on users
-- migrate-validate: assume not null active on users
create unique index on users (lower(email));
alter table users alter active set not null;
