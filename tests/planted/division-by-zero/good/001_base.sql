create table orders (
    id integer primary key,
    placed_on date not null
);
create table order_lines (
    id integer primary key,
    order_id integer references orders (id),
    quantity integer not null,
    total numeric(10, 2) not null
);
create index order_lines_order on order_lines (order_id);
