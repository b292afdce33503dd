create table customers (
    id bigint primary key,
    region text not null
);
create table orders (
    id bigint primary key,
    customer_id bigint references customers,
    total numeric(10, 2) not null
);
