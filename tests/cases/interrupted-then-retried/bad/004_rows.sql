-- Rows twice, without an error.
CREATE TABLE IF NOT EXISTS note (text text);
INSERT INTO note VALUES ('one'), ('two');
VACUUM note;
CREATE TABLE IF NOT EXISTS last (id int);
