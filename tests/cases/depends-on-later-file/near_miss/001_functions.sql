-- A body is looked at when it is called, a DROP may come too early, and what is altered may never come.
CREATE FUNCTION members() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM members); END $$;
DROP TABLE IF EXISTS members;
ALTER TABLE IF EXISTS nowhere ADD COLUMN name text;
