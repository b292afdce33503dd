-- Read before anything is locked against others.
update orders set state = 'new' where state is null;
alter table orders add column paid boolean;
insert into customers (id, email) values (1, 'a@example.com'), (2, 'b@example.com');
create table lines (id int);
insert into lines select generate_series(1, 10);
