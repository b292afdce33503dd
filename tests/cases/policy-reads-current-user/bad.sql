CREATE TABLE notes (id int PRIMARY KEY, user_id uuid, org_id uuid, open boolean, body text);
CREATE INDEX ON notes (user_id);
CREATE INDEX ON notes (org_id);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO mv_case_anon, mv_case_user;
CREATE POLICY a_current ON notes FOR SELECT USING (body = CURRENT_USER);
CREATE POLICY b_session ON notes FOR UPDATE USING ((SELECT session_user) = body AND open);
CREATE POLICY c_new ON notes FOR INSERT WITH CHECK (body = (CURRENT_ROLE)::text);
