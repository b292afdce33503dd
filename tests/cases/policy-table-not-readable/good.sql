CREATE TABLE people (id int PRIMARY KEY, email text);
GRANT SELECT ON people TO mv_case_anon, mv_case_user;
CREATE TABLE notes (id int PRIMARY KEY, person int, body text);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
GRANT SELECT, UPDATE ON notes TO mv_case_anon, mv_case_user;
CREATE POLICY own ON notes USING (EXISTS (SELECT 1 FROM people WHERE people.id = notes.person AND email = 'me'));
