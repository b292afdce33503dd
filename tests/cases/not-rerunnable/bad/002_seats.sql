-- Promises nothing: only information.
CREATE OR REPLACE FUNCTION seats(wanted text) RETURNS int LANGUAGE sql STABLE
    RETURN (SELECT seats FROM plan WHERE name = wanted);
ALTER TABLE plan ADD COLUMN price numeric;
ALTER TABLE plan RENAME COLUMN seats TO places;
