alter table orders validate constraint orders_customer_id_fkey;
alter table orders validate constraint total_positive;
