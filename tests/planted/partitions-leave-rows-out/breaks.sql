insert into readings values (1, null, '2023-12-31');
