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
CREATE POLICY a_read ON notes FOR SELECT USING (auth.uid() IS NOT NULL);
CREATE POLICY b_change ON notes FOR UPDATE TO mv_case_user USING ((SELECT auth.role()) = 'authenticated');
CREATE POLICY c_insert ON notes FOR INSERT WITH CHECK (auth.jwt() ->> 'role' IN ('authenticated', 'staff'));
CREATE POLICY d_one_way ON notes FOR DELETE USING (user_id = auth.uid() OR auth.uid() IS NOT NULL);
-- A restrictive policy looks at the row all the same.
CREATE TABLE papers (id int, user_id uuid);
ALTER TABLE papers ENABLE ROW LEVEL SECURITY;
GRANT ALL ON papers TO mv_case_user;
CREATE POLICY e_guarded ON papers USING ((auth.jwt() ->> 'sub') IS NOT NULL);
CREATE POLICY f_guard ON papers AS RESTRICTIVE USING (user_id = auth.uid());
CREATE POLICY g_empty ON notes FOR UPDATE USING (coalesce(auth.uid()::text, '') <> '');
