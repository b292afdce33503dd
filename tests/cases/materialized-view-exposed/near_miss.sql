-- Read by a role above policies only; in a schema that nobody enters.
CREATE TABLE notes (id int, owner_name text);
CREATE MATERIALIZED VIEW note_counts AS SELECT owner_name, count(*) FROM notes GROUP BY owner_name;
GRANT SELECT ON note_counts TO mv_case_service;
CREATE SCHEMA reporting;
CREATE MATERIALIZED VIEW reporting.note_counts AS SELECT count(*) FROM notes;
GRANT SELECT ON reporting.note_counts TO mv_case_anon;
