create table menus (
    id integer primary key,
    name text not null
);
create table dishes (
    id integer primary key,
    menu_id integer references menus (id),
    price numeric(8, 2) not null check (price between 0 and 999999)
);
create index dishes_menu on dishes (menu_id);
