create table plans (
    id integer primary key,
    name text not null
);
create table users (
    id integer primary key,
    plan_id integer references plans (id)
);
