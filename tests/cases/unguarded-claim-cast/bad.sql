CREATE TABLE notes (id int PRIMARY KEY, user_id uuid, org_id uuid, open boolean, body text);
CREATE INDEX ON notes (user_id);
CREATE INDEX ON notes (org_id);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO mv_case_anon, mv_case_user;
CREATE POLICY a_uuid ON notes FOR SELECT USING (org_id = current_setting('app.tenant', true)::uuid);
CREATE POLICY b_subquery ON notes FOR UPDATE USING (id = (SELECT current_setting('app.tenant', true))::int);
CREATE POLICY c_json ON notes FOR DELETE USING (body = current_setting('request.jwt.claims', true)::json ->> 'sub');
CREATE FUNCTION tenant() RETURNS uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN current_setting('app.tenant', true)::uuid;
END
$$;
CREATE POLICY d_function ON notes FOR INSERT WITH CHECK (org_id = tenant());
