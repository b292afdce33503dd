insert into accounts values (1, 0);
insert into payments values (1, 1, 10), (2, 1, 20);
