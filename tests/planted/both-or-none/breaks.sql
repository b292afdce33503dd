insert into shipments values (1, 'at', null, 20);
