CREATE TABLE notes (id int, owner_name text, body text);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (owner_name = CURRENT_USER);
CREATE VIEW every_note AS SELECT id, body FROM notes;
GRANT SELECT, UPDATE ON every_note TO mv_case_anon;
-- By way of a view that nobody reaches; grouped, so that it cannot be written to.
CREATE VIEW counted AS SELECT owner_name, count(*) AS notes FROM notes GROUP BY owner_name;
CREATE VIEW busy AS SELECT owner_name FROM counted WHERE notes > 10;
GRANT ALL ON busy TO mv_case_staff;
-- It chooses itself, which is only a warning.
CREATE VIEW mine AS SELECT id, body FROM notes WHERE owner_name = current_setting('app.user', true);
GRANT SELECT ON mine TO mv_case_user;
-- Everybody may read the posts, and nobody was meant to change them.
CREATE TABLE posts (id int, body text);
ALTER TABLE posts ENABLE ROW LEVEL SECURITY;
CREATE POLICY public_read ON posts FOR SELECT USING (true);
CREATE VIEW written AS SELECT id, body FROM posts;
GRANT SELECT, DELETE ON written TO mv_case_anon;
