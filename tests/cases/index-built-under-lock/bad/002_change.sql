create index orders_customer_id_idx on orders (customer_id) where state <> 'done';
alter table customers add constraint customers_email_key unique (email), add column name text;
create index on events (kind);
alter table orders add column number int unique;
reindex table customers;
