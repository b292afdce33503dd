alter table orders add column done boolean;
truncate customers;
