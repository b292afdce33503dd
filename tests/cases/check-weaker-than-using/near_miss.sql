CREATE SCHEMA auth;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
  AS $$SELECT nullif(current_setting('request.jwt.claim.sub', true), '')::uuid$$;
CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE
  AS $$SELECT current_setting('request.jwt.claim.role', true)$$;
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE
  AS $$SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb$$;
CREATE TABLE notes (id int PRIMARY KEY, user_id uuid, org_id uuid, open boolean, body text);
CREATE INDEX ON notes (user_id);
CREATE INDEX ON notes (org_id);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO mv_case_anon, mv_case_user;
CREATE POLICY a ON notes USING (user_id = auth.uid());
CREATE POLICY b ON notes FOR UPDATE USING (user_id = auth.uid() AND open) WITH CHECK (user_id = auth.uid());
CREATE POLICY c ON notes FOR UPDATE USING (user_id = auth.uid() OR org_id = (auth.jwt() ->> 'org_id')::uuid)
  WITH CHECK (user_id = auth.uid());
CREATE POLICY d ON notes FOR UPDATE USING (user_id = auth.uid() OR auth.role() = 'admin')
  WITH CHECK (auth.role() = 'admin' OR user_id = auth.uid());
CREATE POLICY e ON notes FOR SELECT USING (user_id = auth.uid());
CREATE POLICY f ON notes FOR UPDATE USING (open) WITH CHECK (NOT open);
-- The column that decides cannot be changed.
CREATE TABLE papers (id int, user_id uuid, body text);
ALTER TABLE papers ENABLE ROW LEVEL SECURITY;
GRANT SELECT, UPDATE (body) ON papers TO mv_case_user;
CREATE POLICY g ON papers FOR UPDATE USING (user_id = auth.uid()) WITH CHECK (body <> '');
