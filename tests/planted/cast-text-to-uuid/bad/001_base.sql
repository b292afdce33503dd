create table sites (
    id integer primary key,
    name text not null
);
create table devices (
    id integer primary key,
    site_id integer references sites (id),
    serial text not null
);
create index devices_site on devices (site_id);
