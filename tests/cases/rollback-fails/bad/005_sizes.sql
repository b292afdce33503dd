ALTER TABLE accounts ADD COLUMN size integer;
