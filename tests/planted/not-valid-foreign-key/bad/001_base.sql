create table customers (
    id integer primary key,
    name text not null
);
create table invoices (
    id integer primary key,
    customer_id integer,
    cents integer not null
);
alter table invoices
    add constraint invoices_customer foreign key (customer_id) references customers (id) not valid;
