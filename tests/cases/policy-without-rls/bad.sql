CREATE TABLE notes (id int, owner text);
CREATE POLICY own ON notes USING (owner = current_user);
CREATE TABLE logs (id int) PARTITION BY LIST (id);
CREATE POLICY own ON logs USING (id = 1);
