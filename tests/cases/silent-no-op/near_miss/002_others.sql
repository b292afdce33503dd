-- Another schema, an object that was dropped, a temporary table, and blocks that create after they have dropped.
SET search_path = app;
CREATE TABLE IF NOT EXISTS organizations (id uuid PRIMARY KEY);
RESET search_path;
DROP TABLE log;
CREATE TABLE IF NOT EXISTS log (id uuid, at timestamptz);
CREATE TEMPORARY TABLE IF NOT EXISTS organizations (id uuid);
DROP TABLE pg_temp.organizations;
DO $$ BEGIN
    DROP TYPE IF EXISTS role;
    CREATE TYPE role AS ENUM ('admin', 'coach');
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;
DROP STATISTICS related;
CREATE STATISTICS IF NOT EXISTS related (mcv) ON id, name FROM organizations;
-- An extension that was dropped. OR REPLACE does what it says.
DROP EXTENSION hstore;
CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA public;
CREATE OR REPLACE VIEW named AS SELECT name, id FROM organizations;
CREATE OR REPLACE FUNCTION one() RETURNS integer LANGUAGE sql STABLE AS $$ SELECT 2 $$;
CREATE OR REPLACE TRIGGER touched BEFORE UPDATE ON organizations FOR EACH ROW EXECUTE FUNCTION touch();
CREATE SERVER IF NOT EXISTS elsewhere FOREIGN DATA WRAPPER nothing OPTIONS (host 'a');
CREATE COLLATION IF NOT EXISTS app.by_bytes (LOCALE = 'POSIX');
CREATE FOREIGN TABLE IF NOT EXISTS app.remote (id text) SERVER elsewhere;
