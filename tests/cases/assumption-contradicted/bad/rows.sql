insert into users values (1, 'a@x', true), (2, 'A@x', true), (3, null, true);
