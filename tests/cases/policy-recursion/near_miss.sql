-- A policy for another command reads it; a chain that ends; a policy for others; a table that nobody reaches.
CREATE TABLE members (team int, name text);
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON members FOR SELECT USING (name = CURRENT_USER);
CREATE POLICY join_own ON members FOR INSERT
    WITH CHECK (team IN (SELECT m.team FROM members AS m WHERE m.name = CURRENT_USER));
CREATE TABLE notes (team int);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_team ON notes USING (team IN (WITH notes AS (SELECT team FROM members) SELECT team FROM notes));
CREATE POLICY audited ON notes TO mv_case_service USING (EXISTS (SELECT FROM notes AS n WHERE n.team = 0));
GRANT SELECT, INSERT ON members, notes TO mv_case_user;
CREATE TABLE internal (id int);
ALTER TABLE internal ENABLE ROW LEVEL SECURITY;
CREATE POLICY self ON internal USING (id IN (SELECT i.id FROM internal AS i));
