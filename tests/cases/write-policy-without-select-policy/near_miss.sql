-- One for all commands; new rows only; no privilege to read, so that only blind changes are meant; it lets nothing through.
CREATE TABLE notes (owner_name text);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (owner_name = CURRENT_USER);
CREATE POLICY change ON notes FOR UPDATE USING (owner_name <> '');
CREATE TABLE letters (body text);
ALTER TABLE letters ENABLE ROW LEVEL SECURITY;
CREATE POLICY send ON letters FOR INSERT WITH CHECK (body <> '');
CREATE POLICY never ON letters FOR DELETE USING (false);
GRANT ALL ON notes, letters TO mv_case_user;
CREATE TABLE counters (hits int);
ALTER TABLE counters ENABLE ROW LEVEL SECURITY;
CREATE POLICY count ON counters FOR UPDATE USING (hits < 1000);
GRANT UPDATE ON counters TO mv_case_anon;
