-- By itself.
CREATE TABLE members (team int, name text);
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
CREATE POLICY same_team ON members USING (team IN (SELECT m.team FROM members AS m WHERE m.name = CURRENT_USER));
GRANT SELECT ON members TO mv_case_user;
-- By way of each other and a view.
CREATE TABLE projects (id int, owner_name text);
CREATE TABLE shares (project int, name text);
ALTER TABLE projects ENABLE ROW LEVEL SECURITY;
ALTER TABLE shares ENABLE ROW LEVEL SECURITY;
CREATE VIEW shared WITH (security_invoker = true) AS SELECT project FROM shares WHERE name = CURRENT_USER;
CREATE POLICY shared_with ON projects FOR SELECT USING (id IN (SELECT project FROM shared));
CREATE POLICY of_own ON shares FOR SELECT
    USING (EXISTS (SELECT FROM projects AS p WHERE p.id = project AND p.owner_name = CURRENT_USER));
GRANT SELECT ON projects, shares, shared TO mv_case_user, mv_case_anon;
-- By way of a function.
CREATE TABLE profiles (name text, is_admin boolean);
ALTER TABLE profiles ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION admin() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM profiles WHERE name = CURRENT_USER AND is_admin);
END
$$;
CREATE POLICY admins ON profiles USING (admin());
GRANT SELECT, UPDATE ON profiles TO mv_case_staff;
