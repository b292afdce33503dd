insert into artists values (1, 'Ana'), (2, 'Ana');
insert into albums values (1, 2);
