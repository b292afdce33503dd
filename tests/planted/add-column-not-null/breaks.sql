insert into customers (id, name, email) values (1, 'Ada', 'ada@example.org');
insert into orders (customer_id, total) values (1, 10);
