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
-- For other events, or with another function, the condition is another one.
CREATE OR REPLACE TRIGGER renamed BEFORE UPDATE OF body ON notes FOR EACH ROW EXECUTE FUNCTION touch();
CREATE FUNCTION touch_moved() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
DROP TRIGGER moved ON notes;
CREATE TRIGGER moved BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION touch_moved();
-- USING demands what WITH CHECK did, or always had to; and FOR SELECT has no rows to check.
DROP POLICY writers ON notes;
CREATE POLICY writers ON notes USING (id > 0 AND owner_id = 1 AND body <> '');
DROP POLICY owners ON notes;
CREATE POLICY owners ON notes USING (owner_id = 4);
DROP POLICY editors ON notes;
CREATE POLICY editors ON notes FOR SELECT USING (owner_id = 1);
-- Indexes of a column that is gone, dropped by name, or whose work another one does.
DROP INDEX counts_few;
DROP MATERIALIZED VIEW counts;
CREATE MATERIALIZED VIEW counts AS SELECT owner_id, count(*) AS notes FROM notes GROUP BY owner_id;
CREATE UNIQUE INDEX counts_by_owner ON counts (owner_id);
CREATE INDEX counts_both ON counts (notes, owner_id);
DROP FUNCTION purge();
CREATE FUNCTION purge(days integer) RETURNS integer LANGUAGE sql AS $$ SELECT days $$;
REVOKE EXECUTE ON FUNCTION purge(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION purge(integer) TO pg_monitor;
-- Two take the place of one.
DROP FUNCTION count_of(text);
CREATE FUNCTION count_of(a date) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;
CREATE FUNCTION count_of(a time) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;
-- Of an INSERT there is no OLD to ask for; WHEN stands in for the columns; FOR EACH STATEMENT is written; drop and
-- create for fewer events.
CREATE OR REPLACE TRIGGER changed BEFORE INSERT OR UPDATE ON papers FOR EACH ROW EXECUTE FUNCTION noted();
CREATE OR REPLACE TRIGGER logged AFTER UPDATE ON papers FOR EACH ROW WHEN (old.body <> new.body) EXECUTE FUNCTION noted();
DROP TRIGGER moved ON papers;
CREATE TRIGGER moved BEFORE DELETE ON papers FOR EACH ROW EXECUTE FUNCTION touch();
CREATE OR REPLACE TRIGGER counted AFTER DELETE ON papers FOR EACH STATEMENT EXECUTE FUNCTION noted();
-- INSERT has no USING; a restrictive policy asks for the rest; for other roles or commands it is another policy; it
-- asks for more.
DROP POLICY own ON papers;
CREATE POLICY own ON papers FOR INSERT WITH CHECK (owner_id = 1);
DROP POLICY open ON papers;
CREATE POLICY open ON papers FOR SELECT USING (owner_id = 1);
CREATE POLICY never_secret ON papers AS RESTRICTIVE USING (NOT secret);
DROP POLICY staff ON papers;
CREATE POLICY staff ON papers FOR SELECT TO pg_read_all_data USING (true);
DROP POLICY seen ON papers;
CREATE POLICY seen ON papers FOR DELETE USING (true);
DROP POLICY narrow ON papers;
CREATE POLICY narrow ON papers FOR SELECT USING (owner_id = 1);
-- All is written again for other arguments.
DROP FUNCTION paper_of(bigint);
CREATE FUNCTION paper_of(reader bigint, latest boolean) RETURNS bigint LANGUAGE sql STABLE STRICT SECURITY INVOKER
    SET search_path = public AS $$ SELECT reader $$;
-- What a block says stands in its text.
DROP POLICY in_block ON papers;
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_policies WHERE policyname = 'in_block') THEN
        CREATE POLICY in_block ON papers FOR SELECT USING (owner_id = 1);
    END IF;
END $$;
