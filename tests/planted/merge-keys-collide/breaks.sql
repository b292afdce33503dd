insert into suppliers values ('acme', 'Acme');
insert into manufacturers values ('acme', 'Acme Works');
