insert into users values (1, 'Ada Lovelace', 'ada@example.org');
