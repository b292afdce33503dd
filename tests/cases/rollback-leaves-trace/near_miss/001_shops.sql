CREATE TABLE shops (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE FUNCTION greeting(name text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''hello '' || name';
