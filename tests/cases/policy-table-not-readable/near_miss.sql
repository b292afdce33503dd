-- Read by the owner of a function; some columns only; by PUBLIC, by membership; in a schema that the role may not enter,
-- which a stored expression does not mind; for a role or a command that nobody comes as; a table that policies guard.
CREATE TABLE people (id int PRIMARY KEY, email text);
CREATE FUNCTION is_mine(person int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT 1 FROM public.people WHERE people.id = person) $$;
CREATE TABLE ranks (person int, rank int, secret text);
GRANT SELECT (person, rank) ON ranks TO mv_case_user, mv_case_anon;
CREATE TABLE levels (person int);
GRANT SELECT ON levels TO PUBLIC;
CREATE TABLE staff (person int);
GRANT SELECT ON staff TO mv_case_staff;
CREATE SCHEMA private;
CREATE TABLE private.kept (person int);
GRANT SELECT ON private.kept TO mv_case_user, mv_case_anon;
CREATE TABLE notes (id int PRIMARY KEY, person int, body text);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
GRANT SELECT, UPDATE ON notes TO mv_case_anon, mv_case_user;
CREATE POLICY a ON notes FOR SELECT USING (is_mine(person));
CREATE POLICY b ON notes FOR SELECT USING (person IN (SELECT ranks.person FROM ranks));
CREATE POLICY c ON notes FOR SELECT USING (person IN (SELECT levels.person FROM levels));
CREATE POLICY d ON notes FOR UPDATE TO mv_case_user USING (person IN (SELECT staff.person FROM staff));
CREATE POLICY e ON notes FOR SELECT USING (person IN (SELECT kept.person FROM private.kept));
CREATE POLICY f ON notes TO mv_case_service USING (person IN (SELECT people.id FROM people));
CREATE POLICY g ON notes FOR DELETE USING (person IN (SELECT people.id FROM people));
CREATE POLICY h ON notes FOR SELECT USING (person IN (SELECT n.person FROM notes AS n WHERE n.id = 0));
