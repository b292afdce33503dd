-- The own row may be changed, but not the role.
CREATE TABLE people (id uuid PRIMARY KEY, email text NOT NULL);
CREATE TABLE orgs (id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE members (
    org_id uuid REFERENCES orgs, user_id uuid REFERENCES people,
    role text NOT NULL CHECK (role IN ('owner', 'member')), PRIMARY KEY (org_id, user_id)
);
CREATE FUNCTION me() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('app.user_id', true), '')::uuid
$$;
CREATE FUNCTION my_orgs(wanted text) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT org_id FROM public.members WHERE user_id = public.me() AND (role = wanted OR wanted IS NULL)
$$;
GRANT SELECT ON orgs TO mv_case_user;
GRANT SELECT, INSERT, UPDATE, DELETE ON members TO mv_case_user;
ALTER TABLE people ENABLE ROW LEVEL SECURITY;
ALTER TABLE orgs ENABLE ROW LEVEL SECURITY;
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
CREATE POLICY orgs_read ON orgs FOR SELECT USING (id IN (SELECT my_orgs(NULL)));
CREATE POLICY members_read ON members FOR SELECT USING (org_id IN (SELECT my_orgs(NULL)));
CREATE POLICY members_owned ON members USING (org_id IN (SELECT my_orgs('owner')));
CREATE POLICY members_own ON members FOR UPDATE USING (user_id = me()) WITH CHECK (user_id = me() AND org_id IN (SELECT my_orgs(role)));
