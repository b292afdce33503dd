insert into products values (1, 'Bolt');
insert into stock_counts values (1, '2024-01-01', 'a few');
