CREATE TABLE purchase (id int PRIMARY KEY, account int, state text);
