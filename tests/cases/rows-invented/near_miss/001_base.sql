create table users (
    id integer primary key,
    name text not null
);
create table phones (
    id integer primary key,
    user_id integer not null references users (id),
    number text not null
);
