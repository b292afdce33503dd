-- No row is written by a statement that says so: the table is written anew.
ALTER TABLE plan ALTER COLUMN seats TYPE int USING seats * 100;
