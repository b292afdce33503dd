-- What changes is written, restored further down, or belongs to an overload that is meant.
CREATE OR REPLACE FUNCTION visible(note bigint) RETURNS boolean LANGUAGE sql VOLATILE SECURITY INVOKER SET search_path = public
    AS $$ SELECT note > 0 $$;
DROP FUNCTION secret();
CREATE FUNCTION secret() RETURNS text LANGUAGE sql SET search_path = public AS $$ SELECT 'b' $$;
REVOKE EXECUTE ON FUNCTION secret() FROM PUBLIC;
CREATE FUNCTION total(a integer, b integer) RETURNS integer LANGUAGE sql AS $$ SELECT a + b $$;
DROP POLICY readers ON notes;
CREATE POLICY readers ON notes FOR ALL TO PUBLIC USING (owner_id = 1);
DROP VIEW titles;
CREATE VIEW titles AS SELECT id, body FROM notes;
GRANT SELECT ON titles TO pg_monitor;
CREATE OR REPLACE VIEW bodies WITH (security_barrier = true) AS SELECT body FROM notes WHERE id > 0;
CREATE OR REPLACE FUNCTION fresh() RETURNS text LANGUAGE sql AS $$ SELECT 'new' $$;
