-- Only through its table; only by a role above policies; of a table that has no row level security either.
CREATE TABLE guarded (id int) PARTITION BY LIST (id);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE TABLE guarded_1 PARTITION OF guarded FOR VALUES IN (1);
CREATE TABLE guarded_2 PARTITION OF guarded FOR VALUES IN (2);
GRANT SELECT ON guarded TO mv_case_anon;
GRANT SELECT ON guarded_2 TO mv_case_service;
CREATE TABLE open (id int);
CREATE TABLE open_child () INHERITS (open);
GRANT SELECT ON open_child TO mv_case_anon;
