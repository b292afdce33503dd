create table lines (id int, order_id bigint references orders);
alter table orders add column note text;
set lock_timeout = '2s';
alter table customers add column name text;
