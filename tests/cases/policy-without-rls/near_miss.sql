-- FORCE alone is nothing, and no policy is there to be ignored.
CREATE TABLE notes (id int, owner text);
ALTER TABLE notes FORCE ROW LEVEL SECURITY;
CREATE TABLE logs (id int) PARTITION BY LIST (id);
ALTER TABLE logs ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON logs USING (id = 1);
CREATE TABLE logs_1 PARTITION OF logs FOR VALUES IN (1);
