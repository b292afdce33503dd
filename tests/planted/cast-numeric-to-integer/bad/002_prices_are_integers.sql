alter table dishes alter column price type integer;
