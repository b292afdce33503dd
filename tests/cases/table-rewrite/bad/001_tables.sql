create table orders (id bigint primary key, customer_id bigint, state varchar(20), total int);
create table customers (id bigint primary key, email text);
create materialized view spending as select customer_id, count(*) from orders group by 1;
create unique index on spending (customer_id);
