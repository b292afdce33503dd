create table customers (
    id integer primary key,
    region text not null
);
create table orders (
    id integer primary key,
    customer_id integer references customers (id),
    total numeric(10, 2) not null
);
create index orders_customer on orders (customer_id);
