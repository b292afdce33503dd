-- migrate-validate: assume unique lower(email) on users where id <> 2
create unique index on users (lower(email)) where id <> 2;
