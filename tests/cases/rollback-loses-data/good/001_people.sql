CREATE TABLE people (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, nickname text);
INSERT INTO people (name, nickname) VALUES ('Ada', 'the first'), ('Bob', NULL);
