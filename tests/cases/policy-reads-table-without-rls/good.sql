CREATE TABLE members (team int, name text);
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON members FOR SELECT USING (name = CURRENT_USER);
CREATE TABLE notes (team int);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY direct ON notes FOR SELECT USING (team IN (SELECT m.team FROM members AS m WHERE m.name = CURRENT_USER));
GRANT SELECT, INSERT ON notes, members TO mv_case_user;
