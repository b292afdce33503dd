-- migrate-validate: assume unique lower(email) on users where active: the import saw to it
create unique index on users (lower(email)) where active;
