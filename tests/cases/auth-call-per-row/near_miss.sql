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
CREATE TABLE members (user_id uuid, org_id uuid, role text, PRIMARY KEY (user_id, org_id));
CREATE POLICY a ON notes FOR SELECT USING (user_id = (SELECT auth.uid() AS mine));
CREATE POLICY b ON notes FOR SELECT USING (org_id = (SELECT (auth.jwt() ->> 'org_id')::uuid));
CREATE POLICY c ON notes FOR SELECT
  USING (EXISTS (SELECT 1 FROM members m WHERE m.org_id = notes.org_id AND m.user_id = (SELECT auth.uid())));
CREATE POLICY d ON notes FOR SELECT USING (body = 'auth.uid()');
CREATE FUNCTION uid() RETURNS uuid LANGUAGE sql STABLE AS $$SELECT auth.uid()$$;
CREATE POLICY e ON notes FOR SELECT USING (user_id = (SELECT uid()));
CREATE TABLE open_to_all (id int, user_id uuid);
CREATE POLICY f ON open_to_all USING (user_id = auth.uid());
