create table categories (
    id integer primary key,
    parent_id integer references categories (id),
    name text not null
);
