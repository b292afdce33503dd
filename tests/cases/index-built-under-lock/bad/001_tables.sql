create table orders (id bigint primary key, customer_id bigint, state varchar(20), total int);
create table customers (id bigint primary key, email text);
create table events (at date, kind text) partition by range (at);
create table events_2024 partition of events for values from ('2024-01-01') to ('2025-01-01');
