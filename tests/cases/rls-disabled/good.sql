CREATE TABLE notes (id int);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
GRANT ALL ON notes TO mv_case_anon;
