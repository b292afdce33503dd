-- Two tables whose policies look at each other's owner, not at each other's policies.
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
CREATE POLICY members_seen ON members FOR SELECT USING (EXISTS (SELECT FROM orgs o WHERE o.id = members.org_id));
-- A trigger that asks who writes refuses, and no policy.
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'mv_case_user' AND NEW.role <> OLD.role THEN
        RAISE EXCEPTION 'roles are changed by the owner only';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep BEFORE UPDATE ON members FOR EACH ROW EXECUTE FUNCTION keep();
