CREATE TABLE IF NOT EXISTS plan (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, seats int);
INSERT INTO plan (name, seats) VALUES ('free', 1), ('team', 10);
