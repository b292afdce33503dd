create table people (
    id bigint primary key,
    name text,
    email text not null unique
);
