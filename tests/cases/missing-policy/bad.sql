CREATE TABLE notes (id int);
CREATE POLICY "Users see own note" ON notes USING (id = 1);
