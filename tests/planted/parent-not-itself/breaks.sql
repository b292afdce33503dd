insert into categories values (1, 1, 'books');
