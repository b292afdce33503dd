-- At least one object of every kind that the catalog knows, with the properties that the tests change.
CREATE SCHEMA app;
COMMENT ON SCHEMA app IS 'the application';
GRANT USAGE ON SCHEMA app TO reader;

CREATE TYPE app.mood AS ENUM ('sad', 'ok', 'glad');
CREATE DOMAIN app.email AS text COLLATE "C" DEFAULT 'a@b' NOT NULL CONSTRAINT has_at CHECK (VALUE LIKE '%@%');
CREATE TYPE app.address AS (street text, zip character varying(10));
CREATE TYPE app.span AS RANGE (SUBTYPE = double precision, SUBTYPE_DIFF = float8mi);
CREATE SEQUENCE app.ticket AS integer INCREMENT BY 2 CACHE 5;

CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.touched := now();
  RETURN NEW;
END
$$;
CREATE FUNCTION app.twice(n integer, times integer DEFAULT 2) RETURNS integer
  LANGUAGE sql IMMUTABLE STRICT SECURITY DEFINER SET search_path = app, pg_temp
  RETURN n * times;
CREATE PROCEDURE app.clean(IN days integer) LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE app.total (integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');

CREATE TABLE app.organization (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  slug text COLLATE "C" UNIQUE,
  mood app.mood DEFAULT 'ok',
  contact app.email,
  touched timestamptz,
  size integer CONSTRAINT positive CHECK (size > 0),
  doubled integer GENERATED ALWAYS AS (size * 2) STORED,
  document text
);
ALTER TABLE app.organization ALTER document SET STORAGE EXTERNAL;
CREATE TABLE app.member (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  number serial,
  organization_id uuid NOT NULL CONSTRAINT member_organization REFERENCES app.organization ON DELETE CASCADE,
  email text,
  during tstzrange,
  CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&)
);
CREATE INDEX member_email ON app.member (lower(email) DESC, (id + 1)) INCLUDE (during) WHERE email IS NOT NULL;
CREATE TABLE app.event (id bigint, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE app.event_2025 PARTITION OF app.event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE app.event_note (id bigint, at date, FOREIGN KEY (id, at) REFERENCES app.event MATCH FULL);
CREATE TABLE app.animal (legs integer);
CREATE TABLE app.dog (breed text) INHERITS (app.animal);
CREATE UNLOGGED TABLE app.scratch (id integer) WITH (fillfactor = 70);
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER elsewhere VERSION '1' FOREIGN DATA WRAPPER nothing OPTIONS (host 'a');
CREATE USER MAPPING FOR reader SERVER elsewhere OPTIONS (name 'x');
CREATE FOREIGN TABLE app.remote (id integer OPTIONS (key 'yes')) SERVER elsewhere OPTIONS (path '/x');

CREATE TRIGGER touch BEFORE UPDATE ON app.organization FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE RULE keep AS ON DELETE TO app.scratch DO INSTEAD NOTHING;
ALTER TABLE app.organization ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON app.organization FOR SELECT TO reader, writer USING (name = CURRENT_USER);
CREATE POLICY anyone ON app.organization AS RESTRICTIVE FOR INSERT WITH CHECK (size < 100);

CREATE VIEW app.big WITH (security_barrier = true) AS SELECT id, name FROM app.organization WHERE size > 10;
CREATE VIEW app.constant AS SELECT 1 AS one;
CREATE MATERIALIZED VIEW app.counted AS SELECT organization_id, count(*) AS members FROM app.member GROUP BY 1;
CREATE UNIQUE INDEX counted_key ON app.counted (organization_id);

CREATE FUNCTION app.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('DROP TABLE', 'CREATE VIEW') EXECUTE FUNCTION app.on_ddl();
ALTER EVENT TRIGGER watch DISABLE;
CREATE PUBLICATION feed FOR TABLE app.organization WITH (publish = 'insert, update');

GRANT SELECT, INSERT ON app.organization TO reader;
GRANT UPDATE (name) ON app.organization TO writer;
REVOKE EXECUTE ON FUNCTION app.twice(integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.twice(integer, integer) TO reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO reader;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
COMMENT ON COLUMN app.organization.name IS 'what people call it';
COMMENT ON POLICY own ON app.organization IS 'one''s own';

CREATE TYPE app.kind AS (name text, size integer);
CREATE TYPE app.spare AS (x integer);
CREATE TABLE app.typed OF app.kind;
CREATE STATISTICS app.together (dependencies) ON id, number FROM app.member;
CREATE COLLATION app.german (LOCALE = 'C');
CREATE CONVERSION app.to_latin FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;
CREATE TEXT SEARCH DICTIONARY app.stem (TEMPLATE = snowball, LANGUAGE = english);
CREATE TEXT SEARCH CONFIGURATION app.search (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION app.search ADD MAPPING FOR asciiword, word WITH app.stem, simple;
CREATE FUNCTION app.same(app.address, app.address) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.zip = $2.zip';
CREATE FUNCTION app.order_of(app.address, app.address) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 0';
CREATE FUNCTION app.address(text) RETURNS app.address LANGUAGE sql IMMUTABLE AS $$SELECT ROW($1, '')::app.address$$;
CREATE OPERATOR app.=== (LEFTARG = app.address, RIGHTARG = app.address, FUNCTION = app.same, COMMUTATOR = OPERATOR(app.===));
CREATE OPERATOR FAMILY app.places USING btree;
CREATE OPERATOR CLASS app.by_zip FOR TYPE app.address USING btree FAMILY app.places AS OPERATOR 3 app.===, FUNCTION 1 app.order_of(app.address, app.address);
CREATE CAST (text AS app.address) WITH FUNCTION app.address(text) AS ASSIGNMENT;
CREATE TABLE app.leaf (legs integer) INHERITS (app.animal);
COMMENT ON TABLE app.leaf IS 'has its own legs, too';
