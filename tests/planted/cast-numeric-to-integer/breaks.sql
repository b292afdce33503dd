insert into dishes values (1, null, 9.99);
