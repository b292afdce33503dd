create table users (
    id integer primary key,
    name text not null
);
create table choices (
    id integer primary key,
    user_id integer references users (id),
    colour text default 'default'
);
create index choices_user on choices (user_id);
