create table customers (
    id integer primary key,
    email text unique,
    name text not null
);
create table carts (
    id integer primary key,
    customer_id integer not null references customers (id)
);
create index carts_customer on carts (customer_id);
