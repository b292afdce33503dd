create table halls (
    id integer primary key,
    name text not null
);
create table concerts (
    id integer primary key,
    hall_id integer references halls (id),
    starts_at timestamptz not null
);
create index concerts_hall on concerts (hall_id);
