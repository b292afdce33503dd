create table people (
    id integer primary key,
    first_name text,
    last_name text
);
