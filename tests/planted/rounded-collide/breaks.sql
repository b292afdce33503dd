insert into steps values (1, 2.2, 'cut'), (2, 2.4, 'glue');
