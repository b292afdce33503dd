-- Nothing fills the first; the second is as empty as the column that it comes from.
alter table people add column nickname text, add column family_name text;
update people set family_name = last_name;
