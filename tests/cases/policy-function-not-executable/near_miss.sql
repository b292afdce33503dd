-- The owner of the outer function calls it; it may be executed, not named; the policy is not for that role, command.
CREATE FUNCTION inner_mine(owner_name text) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT owner_name = session_user $$;
REVOKE EXECUTE ON FUNCTION inner_mine FROM PUBLIC;
CREATE FUNCTION mine(owner_name text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT public.inner_mine(owner_name) $$;
CREATE SCHEMA private;
CREATE FUNCTION private.known(owner_name text) RETURNS boolean LANGUAGE sql AS $$ SELECT owner_name <> '' $$;
CREATE TABLE notes (owner_name text);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (mine(owner_name) AND private.known(owner_name));
CREATE POLICY staff ON notes TO mv_case_service USING (inner_mine(owner_name));
CREATE POLICY deletes ON notes FOR DELETE USING (inner_mine(owner_name));
GRANT SELECT, INSERT ON notes TO mv_case_anon;
