CREATE TABLE notes (id int, owner_name text, body text);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (owner_name = CURRENT_USER);
CREATE VIEW every_note WITH (security_invoker = on) AS SELECT id, body FROM notes;
GRANT SELECT ON notes, every_note TO mv_case_anon;
