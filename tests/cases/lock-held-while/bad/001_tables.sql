create table orders (id bigint primary key, customer_id bigint, state varchar(20), total int);
create table customers (id bigint primary key, email text);
create table queue (id int);
