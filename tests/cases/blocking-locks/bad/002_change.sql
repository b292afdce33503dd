create table lines (id int, order_id bigint references orders);
create index on customers (email);
alter table orders add column note text;
