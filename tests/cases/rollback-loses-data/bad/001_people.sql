CREATE TABLE teams (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE people (
    id integer PRIMARY KEY,
    team integer NOT NULL REFERENCES teams ON DELETE CASCADE,
    name text NOT NULL,
    nickname text,
    state text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE notes (line text);
CREATE TABLE never (a integer NOT NULL CHECK (a > 0 AND a < 0), b text);
INSERT INTO teams VALUES (100, 'red'), (200, 'blue');
INSERT INTO people VALUES (100, 100, 'Ada', 'the first', 'Active'), (200, 200, 'Bob', NULL, 'gone');
INSERT INTO notes VALUES ('twice'), ('twice'), ('once'), ('');
-- Nobody else is let in, not even generated rows.
CREATE FUNCTION closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'closed'; END $$;
CREATE TRIGGER closed BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION closed();
-- A column has the name that a query might give to its table.
CREATE TABLE letter (id int PRIMARY KEY, r int);
INSERT INTO letter VALUES (1, 5);
