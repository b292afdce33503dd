CREATE TABLE notes (id int PRIMARY KEY, user_id uuid, org_id uuid, open boolean, body text);
CREATE INDEX ON notes (user_id);
CREATE INDEX ON notes (org_id);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO mv_case_anon, mv_case_user;
CREATE POLICY a ON notes USING (body = 'request.headers');
CREATE POLICY b ON notes FOR SELECT TO mv_case_service USING (body = current_setting('request.headers', true));
CREATE POLICY c ON notes FOR SELECT USING (body = current_setting('app.request.headers', true));
