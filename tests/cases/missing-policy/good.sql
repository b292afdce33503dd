CREATE TABLE notes (id int);
CREATE POLICY "Users see own notes" ON notes USING (id = 1);
CREATE TABLE logs (id int);
CREATE POLICY readers ON logs USING (id = 1);
