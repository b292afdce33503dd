create type order_status as enum ('pending', 'paid', 'refunded');
create table shops (
    id integer primary key,
    name text not null
);
create table orders (
    id integer primary key,
    shop_id integer references shops (id),
    status order_status
);
create index orders_shop on orders (shop_id);
