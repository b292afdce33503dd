CREATE TABLE people (id int PRIMARY KEY, email text);
CREATE TABLE notes (id int PRIMARY KEY, person int, body text);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
GRANT SELECT, UPDATE ON notes TO mv_case_anon, mv_case_user;
CREATE POLICY a_own ON notes FOR SELECT
    USING (body = 'public' OR EXISTS (SELECT 1 FROM people WHERE people.id = notes.person AND email = 'me'));
CREATE FUNCTION is_mine(person int) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT 1 FROM people WHERE people.id = person);
END
$$;
CREATE POLICY b_function ON notes FOR UPDATE USING (is_mine(person));
CREATE TABLE ranks (person int, rank int);
GRANT SELECT ON ranks TO mv_case_user;
CREATE POLICY c_some ON notes FOR UPDATE USING (person IN (SELECT ranks.person FROM ranks));
