insert into users values (1, 'a@x', true), (2, 'b@x', true);
