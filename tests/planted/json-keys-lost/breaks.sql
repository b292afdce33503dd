insert into users values (1, 'Ada');
insert into preferences values (1, '{"theme": "dark", "size": 12}');
