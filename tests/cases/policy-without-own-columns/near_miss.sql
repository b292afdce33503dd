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
CREATE FUNCTION is_admin() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT false';
CREATE POLICY a ON notes FOR SELECT USING (org_id IN (SELECT m.org_id FROM members m WHERE m.user_id = auth.uid()));
CREATE POLICY b ON notes FOR SELECT USING (user_id = auth.uid() OR is_admin());
CREATE POLICY c ON notes FOR SELECT USING (true);
CREATE POLICY d ON notes FOR UPDATE USING (auth.uid() IS NOT NULL);
CREATE POLICY e ON notes FOR UPDATE USING (auth.role() = 'service_role');
CREATE POLICY f ON notes FOR DELETE USING (notes IS NOT NULL AND is_admin());
CREATE POLICY g ON notes AS RESTRICTIVE USING (is_admin());
CREATE POLICY h ON notes FOR DELETE USING (
  EXISTS (SELECT 1 FROM members m WHERE EXISTS (SELECT 1 FROM members o WHERE o.org_id = notes.org_id))
);
