-- It can only be read; written to by those above policies; of a table that nobody reaches.
CREATE TABLE plans (id int, public boolean);
CREATE TABLE members (team int, name text);
CREATE TABLE notes (team int, plan int);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY plan ON notes USING (plan IN (SELECT p.id FROM plans AS p WHERE p.public));
CREATE POLICY team ON notes USING (team IN (SELECT m.team FROM members AS m WHERE m.name = CURRENT_USER));
GRANT SELECT ON notes, plans TO mv_case_user;
GRANT ALL ON members TO mv_case_service;
CREATE TABLE open (id int);
CREATE TABLE internal (id int);
ALTER TABLE internal ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_open ON internal USING (id IN (SELECT o.id FROM open AS o));
GRANT INSERT ON open TO mv_case_anon;
