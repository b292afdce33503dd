CREATE OR REPLACE FUNCTION greeting(name text) RETURNS text LANGUAGE sql STABLE AS 'SELECT ''good evening '' || name';
CREATE UNIQUE INDEX CONCURRENTLY shops_name_key ON shops (name);
ALTER TABLE shops RENAME TO stores;
