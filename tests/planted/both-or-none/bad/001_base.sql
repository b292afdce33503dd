create table warehouses (
    country text,
    code text,
    name text not null,
    primary key (country, code)
);
create table shipments (
    id integer primary key,
    country text,
    warehouse text,
    weight integer not null,
    constraint shipments_warehouse foreign key (country, warehouse) references warehouses (country, code)
);
