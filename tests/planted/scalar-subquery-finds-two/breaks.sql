insert into accounts values (1, 'Engines');
insert into users values (1, 1, 'ada@example.org', 'owner'), (2, 1, 'charles@example.org', 'owner');
