insert into players values (1, null, 'Pelé');
