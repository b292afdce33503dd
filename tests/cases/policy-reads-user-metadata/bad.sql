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
CREATE POLICY a_token ON notes FOR SELECT USING (org_id = (auth.jwt() -> 'user_metadata' ->> 'org_id')::uuid);
CREATE POLICY b_path ON notes FOR SELECT USING (org_id = (auth.jwt() #>> '{user_metadata,org_id}')::uuid);
CREATE POLICY c_table ON notes FOR UPDATE USING (
  EXISTS (SELECT 1 FROM auth.users u WHERE u.id = auth.uid() AND u.raw_user_meta_data ->> 'role' = 'admin')
);
CREATE FUNCTION my_org() RETURNS uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (current_setting('request.jwt.claims', true)::jsonb -> 'user_metadata' ->> 'org_id')::uuid;
END
$$;
CREATE POLICY d_function ON notes FOR DELETE USING (org_id = my_org());
CREATE POLICY e_extracted ON notes FOR DELETE USING (
  org_id::text = jsonb_extract_path_text(auth.jwt(), 'user_metadata', 'org_id')
);
CREATE POLICY f_searched ON notes FOR DELETE USING (jsonb_path_exists(auth.jwt(), '$.user_metadata.admin'));
