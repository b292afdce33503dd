CREATE TABLE notes (id int, owner_name text);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (owner_name = CURRENT_USER);
CREATE VIEW notes_of AS SELECT owner_name FROM notes;
CREATE MATERIALIZED VIEW note_counts AS SELECT owner_name, count(*) FROM notes_of GROUP BY owner_name;
GRANT SELECT ON note_counts TO PUBLIC;
CREATE TABLE plans (id int, name text);
CREATE MATERIALIZED VIEW plan_names AS SELECT name FROM plans;
GRANT SELECT (name) ON plan_names TO mv_case_anon;
