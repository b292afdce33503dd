create table categories (
    id integer primary key,
    name text not null
);
create table products (
    id integer primary key,
    category_id integer references categories (id),
    price numeric(8, 2) not null check (price >= 0)
);
create index products_category on products (category_id);
