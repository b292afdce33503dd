alter table customers drop constraint customers_email_key;
create unique index customers_email on customers (lower(email));
