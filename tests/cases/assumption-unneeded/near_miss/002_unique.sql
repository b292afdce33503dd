-- migrate-validate: assume unique lower(email) on users where active
create unique index on users (lower(email)) where active;
