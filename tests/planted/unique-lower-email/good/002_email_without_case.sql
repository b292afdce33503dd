alter table customers drop constraint customers_email_key;

update customers set email = null
where exists (select from customers as first where lower(first.email) = lower(customers.email) and first.id < customers.id);

create unique index customers_email on customers (lower(email));
