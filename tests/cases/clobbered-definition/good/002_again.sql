CREATE OR REPLACE FUNCTION visible(note bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT note > 0 $$;
DROP POLICY readers ON notes;
CREATE POLICY readers ON notes FOR SELECT TO pg_monitor USING (owner_id = 1);
CREATE OR REPLACE TRIGGER renamed BEFORE UPDATE ON notes FOR EACH ROW WHEN (old.id <> new.id) EXECUTE FUNCTION touch();
DROP POLICY writers ON notes;
CREATE POLICY writers ON notes USING (owner_id = 1) WITH CHECK (id > 0 AND owner_id = 1);
DROP MATERIALIZED VIEW counts;
CREATE MATERIALIZED VIEW counts AS SELECT owner_id, count(*) AS notes, max(body) AS latest FROM notes GROUP BY owner_id;
CREATE UNIQUE INDEX counts_owner ON counts (owner_id);
CREATE INDEX counts_notes ON counts (notes) WHERE notes > 100;
CREATE INDEX counts_latest ON counts (lower(latest));
