create table users (
    id integer primary key,
    name text not null
);
create table preferences (
    user_id integer primary key references users (id),
    settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object')
);
