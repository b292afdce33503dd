create table countries (
    code char(2) primary key,
    name text not null unique
);
create table customers (
    id integer primary key,
    name text not null,
    country text not null
);
