CREATE SCHEMA auth;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
  AS $$SELECT nullif(current_setting('request.jwt.claim.sub', true), '')::uuid$$;
CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE
  AS $$SELECT current_setting('request.jwt.claim.role', true)$$;
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE
  AS $$SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb$$;
CREATE TABLE notes (id int PRIMARY KEY, user_id uuid, org_id uuid, open boolean, body text);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE TABLE members (user_id uuid, org_id uuid, role text);
CREATE INDEX ON notes (org_id) WHERE org_id IS NOT NULL;
CREATE INDEX ON members (user_id);
CREATE POLICY a ON notes USING (id = 1 AND user_id = auth.uid());
CREATE POLICY b ON notes USING (org_id = ANY (ARRAY[auth.uid()]) AND open);
CREATE POLICY c ON notes USING (
  EXISTS (SELECT 1 FROM members m WHERE m.org_id = notes.org_id AND m.user_id = (SELECT auth.uid()))
);
CREATE POLICY d ON notes USING (open OR user_id = org_id);
CREATE POLICY e ON notes FOR INSERT WITH CHECK (user_id = auth.uid());
CREATE INDEX ON notes (body) WHERE open;
CREATE POLICY f ON notes USING (body IN (SELECT m.role FROM members m WHERE m.user_id = auth.uid()));
CREATE POLICY g ON notes USING (body IS NOT DISTINCT FROM auth.uid()::text);
CREATE POLICY h ON notes USING (body = 'open' AND open);
CREATE POLICY i ON notes USING (body IN ('open', 'shut') OR id = 1);
