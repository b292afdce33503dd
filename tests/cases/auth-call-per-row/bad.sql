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
CREATE POLICY a_plain ON notes FOR SELECT USING (user_id = auth.uid());
-- One that is wrapped hides no other.
CREATE POLICY b_half ON notes FOR UPDATE USING (user_id = (SELECT auth.uid()) OR auth.uid() = org_id);
CREATE POLICY c_exists ON notes FOR DELETE
  USING (EXISTS (SELECT 1 FROM members m WHERE m.org_id = notes.org_id AND m.user_id = auth.uid()));
CREATE POLICY d_setting ON notes USING (body = current_setting('app.tenant', true));
CREATE POLICY e_insert ON notes FOR INSERT WITH CHECK (user_id = auth.uid());
CREATE POLICY f_apart ON notes FOR SELECT
  USING (org_id IN (SELECT m.org_id FROM members m WHERE m.user_id = auth.uid()));
CREATE POLICY g_of_the_row ON notes FOR SELECT
  USING ((SELECT user_id = auth.uid()));
