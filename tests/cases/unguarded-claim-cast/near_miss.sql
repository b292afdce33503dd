CREATE TABLE notes (id int PRIMARY KEY, user_id uuid, org_id uuid, open boolean, body text);
CREATE INDEX ON notes (user_id);
CREATE INDEX ON notes (org_id);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO mv_case_anon, mv_case_user;
CREATE POLICY a ON notes USING (body = current_setting('app.tenant', true)::varchar);
CREATE POLICY b ON notes USING (org_id::text = current_setting('app.tenant', true));
CREATE POLICY c ON notes USING (id < current_setting('work_mem')::bigint);
CREATE POLICY d ON notes USING (id = CASE WHEN current_setting('app.id', true) ~ '^[0-9]+$' THEN 1 END);
