CREATE TABLE notes (owner_name text, body text);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY change ON notes FOR UPDATE USING (owner_name = CURRENT_USER);
CREATE POLICY reading ON notes FOR SELECT USING (owner_name = CURRENT_USER);
GRANT ALL ON notes TO mv_case_user;
