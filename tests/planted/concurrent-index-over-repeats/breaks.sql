insert into certificates values (1, null, 'ab'), (2, null, 'ab');
