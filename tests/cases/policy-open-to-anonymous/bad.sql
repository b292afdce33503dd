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
CREATE POLICY a_null ON notes FOR DELETE USING (auth.uid() IS NULL OR user_id = auth.uid());
CREATE POLICY b_not ON notes FOR SELECT USING (NOT ((SELECT auth.uid()) IS NOT NULL) OR open);
CREATE POLICY c_role ON notes FOR UPDATE USING (auth.role() = ANY (ARRAY['anon', 'authenticated']));
CREATE POLICY d_insert ON notes FOR INSERT TO mv_case_anon WITH CHECK (auth.role() = 'anon');
CREATE POLICY e_coalesce ON notes FOR SELECT USING (user_id = coalesce((SELECT auth.uid()), user_id));
CREATE POLICY f_unknown ON notes FOR DELETE USING ((auth.uid() = user_id) IS NOT FALSE);
