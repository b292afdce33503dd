insert into products values (1, null, 0);
