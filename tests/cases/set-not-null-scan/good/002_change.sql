alter table orders add constraint customer_given check (customer_id is not null) not valid;
