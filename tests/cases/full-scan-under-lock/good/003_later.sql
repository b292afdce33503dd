alter table events_2024 validate constraint bounds;
