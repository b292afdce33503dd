-- Policies show all rows anyway; nobody from outside reads it; its owner is bound; it reads no guarded table.
CREATE TABLE posts (id int, body text);
ALTER TABLE posts ENABLE ROW LEVEL SECURITY;
CREATE POLICY public_read ON posts FOR SELECT USING (true);
CREATE VIEW latest AS SELECT id, body FROM posts ORDER BY id DESC LIMIT 10;
GRANT ALL ON latest TO mv_case_anon;
CREATE TABLE notes (id int, owner_name text);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (owner_name = CURRENT_USER);
CREATE VIEW report AS SELECT count(*) FROM notes;
GRANT SELECT ON report TO mv_case_service;
GRANT SELECT ON notes TO mv_case_staff;
CREATE VIEW staffed AS SELECT id FROM notes;
ALTER VIEW staffed OWNER TO mv_case_staff;
GRANT SELECT ON staffed TO mv_case_anon;
CREATE TABLE plain (id int);
CREATE VIEW of_plain AS SELECT id FROM plain;
GRANT SELECT ON of_plain TO mv_case_anon;
