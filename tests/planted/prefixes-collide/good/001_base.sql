create table vouchers (
    id integer primary key,
    code text not null unique,
    cents integer not null
);
