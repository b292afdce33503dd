alter table orders add constraint orders_customer_id_fkey foreign key (customer_id) references customers not valid;
alter table orders add constraint total_positive check (total > 0) not valid;
