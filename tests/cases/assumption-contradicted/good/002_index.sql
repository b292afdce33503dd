-- migrate-validate: assume unique lower(email) on users
create unique index on users (lower(email));
