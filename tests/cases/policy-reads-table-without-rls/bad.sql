CREATE TABLE members (team int, name text);
CREATE FUNCTION member(wanted int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM public.members WHERE team = wanted AND name = session_user) $$;
CREATE TABLE notes (team int);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY direct ON notes FOR SELECT USING (team IN (SELECT m.team FROM members AS m WHERE m.name = CURRENT_USER));
CREATE POLICY by_function ON notes FOR INSERT WITH CHECK (member(team));
GRANT SELECT, INSERT ON notes, members TO mv_case_user;
