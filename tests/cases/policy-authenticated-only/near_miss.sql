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
CREATE POLICY a ON notes FOR SELECT USING (auth.uid() IS NOT NULL AND user_id = auth.uid());
CREATE POLICY b ON notes FOR SELECT USING (user_id IS NOT NULL AND open);
CREATE POLICY c ON notes FOR SELECT USING (auth.role() = 'authenticated' AND open);
CREATE POLICY d ON notes FOR UPDATE USING (auth.role() = 'service_role');
CREATE POLICY e ON notes AS RESTRICTIVE USING (auth.uid() IS NOT NULL);
CREATE POLICY f ON notes FOR DELETE TO mv_case_service USING (auth.uid() IS NOT NULL);
CREATE TABLE unreached (id int);
ALTER TABLE unreached ENABLE ROW LEVEL SECURITY;
CREATE POLICY g ON unreached USING (auth.uid() IS NOT NULL);
GRANT SELECT ON unreached TO mv_case_service;
CREATE TABLE read_only (id int);
ALTER TABLE read_only ENABLE ROW LEVEL SECURITY;
CREATE POLICY h ON read_only FOR UPDATE USING (auth.uid() IS NOT NULL);
GRANT SELECT ON read_only TO mv_case_user;
