CREATE TABLE notes (id int PRIMARY KEY, user_id uuid, org_id uuid, open boolean, body text);
CREATE INDEX ON notes (user_id);
CREATE INDEX ON notes (org_id);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO mv_case_anon, mv_case_user;
CREATE POLICY a_headers ON notes FOR SELECT
  USING (org_id = (current_setting('request.headers', true)::json ->> 'x-tenant-id')::uuid);
CREATE POLICY b_old ON notes FOR UPDATE USING (body = current_setting('request.header.x-tenant', true));
CREATE FUNCTION tenant() RETURNS text LANGUAGE sql STABLE
  AS $$SELECT current_setting('request.cookies', true)::json ->> 'tenant'$$;
CREATE POLICY c_function ON notes FOR DELETE USING (body = tenant());
