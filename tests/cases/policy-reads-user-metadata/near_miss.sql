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
CREATE TABLE auth.users (id uuid PRIMARY KEY, raw_user_meta_data jsonb, raw_app_meta_data jsonb);
CREATE POLICY a ON notes FOR SELECT USING (body = 'user_metadata');
CREATE POLICY b ON notes FOR UPDATE USING (
  EXISTS (SELECT 1 FROM auth.users u WHERE u.id = auth.uid() AND u.raw_app_meta_data ->> 'role' = 'admin')
);
CREATE TABLE unreached (id int);
ALTER TABLE unreached ENABLE ROW LEVEL SECURITY;
CREATE POLICY c ON unreached USING (auth.jwt() -> 'user_metadata' ? 'admin');
CREATE FUNCTION not_called() RETURNS text LANGUAGE sql STABLE AS $$SELECT auth.jwt() ->> 'user_metadata'$$;
CREATE POLICY d ON notes FOR DELETE USING (
  org_id::text = jsonb_extract_path_text(auth.jwt(), 'app_metadata', 'user_metadata')
);
