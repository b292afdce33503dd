create table buildings (
    id integer primary key,
    name text not null
);
create table closures (
    id integer primary key,
    building_id integer references buildings (id),
    during tstzrange not null
);
create index closures_building on closures (building_id);
