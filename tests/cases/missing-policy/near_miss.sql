-- More than was asked for.
CREATE TABLE notes (id int);
CREATE POLICY "Users see own notes" ON notes FOR SELECT USING (id = 1);
CREATE POLICY "Users see other notes" ON notes USING (id = 1);
CREATE TABLE logs (id int) PARTITION BY LIST (id);
CREATE POLICY readers ON logs USING (id = 1);
