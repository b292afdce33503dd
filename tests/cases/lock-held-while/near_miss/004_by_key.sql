alter table orders add column kind text;
-- Small as the tables are, they are read from start to end: an index finds these rows where there are many.
update orders set kind = 'first' where id = 1 and state is null;
insert into customers (id, email) select c.id + 1000, 'x' from customers c where c.id in (1, 2) and 1 = c.id;
delete from customers where id = (select max(n) from generate_series(1, 3) as n);
