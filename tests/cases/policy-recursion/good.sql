CREATE TABLE members (team int, name text);
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION teams() RETURNS SETOF int LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT team FROM public.members WHERE name = session_user $$;
CREATE POLICY same_team ON members USING (team IN (SELECT teams()));
GRANT SELECT ON members TO mv_case_user;
