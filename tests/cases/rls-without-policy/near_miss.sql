-- The partition is locked on purpose: rows are reached through its table.
CREATE TABLE logs (id int) PARTITION BY LIST (id);
ALTER TABLE logs ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON logs USING (id = 1);
CREATE TABLE logs_1 PARTITION OF logs FOR VALUES IN (1);
ALTER TABLE logs_1 ENABLE ROW LEVEL SECURITY;
