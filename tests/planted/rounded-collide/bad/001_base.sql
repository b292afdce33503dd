create table steps (
    id integer primary key,
    position numeric(10, 2) not null unique check (position >= 1),
    title text not null
);
