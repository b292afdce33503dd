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
CREATE INDEX ON notes (body, user_id);
CREATE INDEX ON notes (org_id) WHERE open;
CREATE POLICY a_own ON notes FOR SELECT USING (user_id = (SELECT auth.uid()));
CREATE POLICY b_org ON notes FOR UPDATE USING (org_id = ANY (ARRAY(SELECT m.org_id FROM members m WHERE m.user_id = auth.uid())));
