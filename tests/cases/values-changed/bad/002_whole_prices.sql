alter table products alter column price type integer;
