CREATE TABLE ideas (id integer PRIMARY KEY);
