create table deliveries (
    id integer primary key,
    recipient text not null
);
create table addresses (
    id integer primary key,
    recipient text not null,
    street text not null
);
create index addresses_recipient on addresses (recipient);
