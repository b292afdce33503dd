CREATE TABLE notes (id bigint PRIMARY KEY, owner_id bigint, body text);
CREATE FUNCTION visible(note bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT true $$;
CREATE FUNCTION secret() RETURNS text LANGUAGE sql SET search_path = public AS $$ SELECT 'a' $$;
REVOKE EXECUTE ON FUNCTION secret() FROM PUBLIC;
CREATE FUNCTION total(a integer) RETURNS integer LANGUAGE sql AS $$ SELECT a $$;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER touched BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON notes FOR SELECT TO pg_monitor USING (true);
CREATE VIEW titles AS SELECT id FROM notes;
GRANT SELECT ON titles TO pg_monitor;
CREATE VIEW bodies WITH (security_barrier) AS SELECT body FROM notes;
CREATE PROCEDURE clean() LANGUAGE sql SECURITY DEFINER SET work_mem = '64MB' AS $$ SELECT 1 $$;
