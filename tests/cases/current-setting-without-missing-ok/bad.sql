CREATE TABLE notes (id int PRIMARY KEY, user_id uuid, org_id uuid, open boolean, body text);
CREATE INDEX ON notes (user_id);
CREATE INDEX ON notes (org_id);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO mv_case_anon, mv_case_user;
CREATE POLICY a_strict ON notes FOR SELECT USING (body = current_setting('app.tenant'));
CREATE POLICY b_false ON notes FOR UPDATE USING (body = (SELECT current_setting('app.tenant')));
CREATE FUNCTION tenant() RETURNS text LANGUAGE plpgsql STABLE AS $$BEGIN RETURN current_setting('app.other'); END$$;
CREATE POLICY c_function ON notes FOR DELETE USING (body = tenant());
