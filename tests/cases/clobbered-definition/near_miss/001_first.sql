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
CREATE TRIGGER renamed BEFORE UPDATE ON notes FOR EACH ROW WHEN (old.body IS DISTINCT FROM new.body)
    EXECUTE FUNCTION touch();
CREATE POLICY writers ON notes USING (true) WITH CHECK (owner_id = 1 AND id > 0);
CREATE POLICY makers ON notes FOR INSERT WITH CHECK (owner_id = 2);
CREATE POLICY editors ON notes FOR UPDATE USING (owner_id = 1) WITH CHECK (true);
CREATE MATERIALIZED VIEW counts AS SELECT owner_id, count(*) AS notes, max(body) AS latest FROM notes GROUP BY owner_id;
CREATE UNIQUE INDEX counts_owner ON counts (owner_id);
CREATE INDEX counts_notes ON counts (notes) WHERE notes > 10;
CREATE INDEX counts_latest ON counts (lower(latest));
CREATE FUNCTION purge() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;
REVOKE EXECUTE ON FUNCTION purge() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION purge() TO pg_monitor;
CREATE POLICY owners ON notes USING (owner_id = 3) WITH CHECK (owner_id = 3);
CREATE TRIGGER moved BEFORE UPDATE ON notes FOR EACH ROW WHEN (old.id <> new.id) EXECUTE FUNCTION touch();
CREATE INDEX counts_few ON counts ((notes + 1));
CREATE INDEX counts_all ON counts (notes);
CREATE FUNCTION count_of(a integer) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;
CREATE FUNCTION count_of(a text) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;
REVOKE EXECUTE ON FUNCTION count_of(a text) FROM PUBLIC;
CREATE TABLE papers (id bigint PRIMARY KEY, owner_id bigint, body text, secret boolean);
ALTER TABLE papers ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER changed BEFORE UPDATE ON papers FOR EACH ROW WHEN (old.body IS DISTINCT FROM new.body)
    EXECUTE FUNCTION touch();
CREATE TRIGGER logged AFTER UPDATE OF body ON papers FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER moved BEFORE UPDATE OR DELETE ON papers FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER counted AFTER DELETE ON papers FOR EACH ROW EXECUTE FUNCTION touch();
CREATE POLICY own ON papers USING (owner_id = 1);
CREATE POLICY open ON papers FOR SELECT USING (owner_id = 1 AND NOT secret);
CREATE POLICY staff ON papers FOR SELECT TO pg_monitor USING (owner_id = 1);
CREATE POLICY seen ON papers FOR SELECT USING (owner_id = 1);
CREATE POLICY narrow ON papers FOR SELECT USING (owner_id = 1 OR secret);
CREATE FUNCTION paper_of(reader bigint) RETURNS bigint LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = ''
    AS $$ SELECT reader $$;
CREATE POLICY in_block ON papers USING (owner_id = 1);
