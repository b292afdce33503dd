insert into customers (id, email, name) values (1, 'ada@example.org', 'Ada'), (2, 'Ada@example.org', 'Ada');
