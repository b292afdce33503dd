insert into warehouses (id, city) values (1, 'Lyon');
insert into shipments (warehouse_id, weight) values (1, 2);
