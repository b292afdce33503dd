create table readings_by_year (
    id integer not null,
    sensor_id integer references sensors (id),
    taken_on date not null,
    primary key (id, taken_on)
) partition by range (taken_on);
create table readings_2024 partition of readings_by_year for values from ('2024-01-01') to ('2025-01-01');
create table readings_2025 partition of readings_by_year for values from ('2025-01-01') to ('2026-01-01');

insert into readings_by_year (id, sensor_id, taken_on)
select id, sensor_id, taken_on from readings where taken_on >= '2024-01-01' and taken_on < '2026-01-01';

drop table readings;
alter table readings_by_year rename to readings;
create index readings_sensor on readings (sensor_id);
