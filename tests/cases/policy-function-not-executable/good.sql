CREATE FUNCTION mine(owner_name text) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT owner_name = CURRENT_USER $$;
CREATE TABLE notes (owner_name text);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (mine(owner_name));
GRANT SELECT ON notes TO mv_case_anon;
