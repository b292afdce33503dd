alter table people add column name text;
update people set name = first_name || ' ' || last_name;
