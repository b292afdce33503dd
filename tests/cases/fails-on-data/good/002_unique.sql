delete from users as later using users as first
where lower(later.email) = lower(first.email) and later.id > first.id;
create unique index users_email on users (lower(email));
