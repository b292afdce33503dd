create table suppliers (
    code text primary key,
    name text not null
);
create table manufacturers (
    code text primary key,
    name text not null
);
