insert into categories values (1, 'Winter 2019', true);
insert into products values (1, 1, 'Scarf');
