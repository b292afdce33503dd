CREATE TABLE notes (id int, owner_name text);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE MATERIALIZED VIEW note_counts AS SELECT owner_name, count(*) FROM notes GROUP BY owner_name;
