-- migrate-validate: assume unique lower(email) on users
create unique index users_email on users (lower(email));
