insert into stores values (1, 'Main street');
insert into doors values (1, 1, 'Open');
