insert into choices values (1, null, null), (2, null, 'default');
