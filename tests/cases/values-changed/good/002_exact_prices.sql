alter table products alter column price type numeric(14, 4);
