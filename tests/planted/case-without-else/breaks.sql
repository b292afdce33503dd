insert into orders values (1, null, 'refunded');
