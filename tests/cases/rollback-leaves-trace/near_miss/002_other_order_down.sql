ALTER TABLE stores RENAME TO shops;
DROP INDEX CONCURRENTLY shops_name_key;
CREATE OR REPLACE FUNCTION greeting(name text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''hello '' || name';
