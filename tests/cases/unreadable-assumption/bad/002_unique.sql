-- migrate-validate: assume uniqe lower(email) on users
-- migrate-validate: assume not null email
create unique index on users (lower(email));
