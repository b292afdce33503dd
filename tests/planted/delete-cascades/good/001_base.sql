create table categories (
    id integer primary key,
    name text not null,
    archived boolean not null default false
);
create table products (
    id integer primary key,
    category_id integer references categories (id) on delete cascade,
    name text not null
);
create index products_category on products (category_id);
