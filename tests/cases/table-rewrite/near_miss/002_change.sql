-- A longer limit, or none, changes no row.
alter table orders alter column state type varchar(40);
alter table customers alter column email type varchar;
-- Emptied, not rewritten.
truncate queue;
-- Nobody uses a table that is made here.
create table lines (id int, amount int);
alter table lines alter column amount type bigint;
