CREATE TABLE notes (id int, owner text);
CREATE POLICY own ON notes USING (owner = current_user);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
