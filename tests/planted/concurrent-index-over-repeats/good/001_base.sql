create table hosts (
    id integer primary key,
    name text not null
);
create table certificates (
    id integer primary key,
    host_id integer references hosts (id),
    fingerprint text not null
);
create index certificates_host on certificates (host_id);
