insert into concerts values (1, null, '2024-06-01 20:00Z');
