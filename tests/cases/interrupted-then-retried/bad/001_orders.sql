CREATE TABLE purchase (id int PRIMARY KEY, account int, state text);
INSERT INTO purchase VALUES (1, 1, 'open'), (2, 1, 'paid');
