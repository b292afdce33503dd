create table clients (
    id integer primary key,
    name text not null
);
create table invoices (
    id integer primary key,
    client_id integer references clients (id),
    amount integer not null
);
create index invoices_client on invoices (client_id);
