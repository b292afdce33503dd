create table places (
    id integer primary key,
    name text not null
);
create table meters (
    id integer primary key,
    place_id integer references places (id),
    kind text not null check (kind in ('water', 'heat', 'power'))
);
create index meters_place on meters (place_id);
