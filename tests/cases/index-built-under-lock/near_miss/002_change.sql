create table lines (id int primary key, order_id bigint references orders);
create index on lines (order_id);
create materialized view spending as select customer_id, sum(total) from orders group by 1;
create unique index on spending (customer_id);
