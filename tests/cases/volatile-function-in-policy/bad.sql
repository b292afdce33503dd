CREATE TABLE notes (id int PRIMARY KEY, user_id uuid, org_id uuid, open boolean, body text);
CREATE INDEX ON notes (user_id);
CREATE INDEX ON notes (org_id);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO mv_case_anon, mv_case_user;
CREATE FUNCTION tenant() RETURNS text LANGUAGE sql AS $$SELECT current_setting('app.tenant', true)$$;
CREATE FUNCTION may_read(note int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RETURN note > 0; END$$;
CREATE POLICY a_own ON notes FOR SELECT USING (body = tenant() AND may_read(id));
CREATE POLICY b_chance ON notes FOR DELETE USING (random() < 0.5 AND open);
