create table sensors (
    id integer primary key,
    place text not null
);
create table readings (
    id integer primary key,
    sensor_id integer references sensors (id),
    taken_on date not null
);
create index readings_sensor on readings (sensor_id);
