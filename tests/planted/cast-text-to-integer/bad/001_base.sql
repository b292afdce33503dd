create table products (
    id integer primary key,
    name text not null
);
create table stock_counts (
    product_id integer not null references products (id),
    counted_on date not null,
    quantity text not null,
    primary key (product_id, counted_on)
);
