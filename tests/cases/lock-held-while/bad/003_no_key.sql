alter table orders add column kind text;
update orders set kind = 'x' where id = total;
update orders set kind = (select email from customers where id = 1);
