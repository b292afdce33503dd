-- No privilege; a privilege that no rows can be had through; none on the schema; only a role above policies.
CREATE TABLE internal (id int);
CREATE TABLE referred (id int PRIMARY KEY);
GRANT REFERENCES, TRIGGER ON referred TO mv_case_anon;
CREATE SCHEMA private;
CREATE TABLE private.notes (id int);
GRANT ALL ON private.notes TO mv_case_anon;
CREATE TABLE for_service (id int);
GRANT ALL ON for_service TO mv_case_service;
CREATE TABLE guarded (id int) PARTITION BY LIST (id);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE TABLE guarded_1 PARTITION OF guarded FOR VALUES IN (1);
GRANT SELECT ON guarded TO mv_case_anon;
