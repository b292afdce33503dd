create table products (
    id integer primary key,
    price numeric(10, 2),
    name text
);
