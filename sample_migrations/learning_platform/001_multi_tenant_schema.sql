-- The foundation of multi-tenancy: organizations, teams, and users that belong to them.
--
-- users and user_roles were created by 001_create_users_and_roles.sql; here they get the columns, types and policies
-- that tenancy needs. They are not created a second time.

CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA extensions;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA extensions;

-- ---------------------------------------------------------------------------------------------------------------
-- Enums
-- ---------------------------------------------------------------------------------------------------------------

CREATE TYPE user_role AS ENUM ('admin', 'org_admin', 'team_lead', 'member');
CREATE TYPE assessment_status AS ENUM ('not_started', 'in_progress', 'completed', 'archived');
CREATE TYPE enrollment_status AS ENUM ('enrolled', 'in_progress', 'completed', 'dropped');
CREATE TYPE workshop_status AS ENUM ('draft', 'published', 'in_progress', 'completed', 'cancelled');
CREATE TYPE registration_status AS ENUM ('registered', 'waitlisted', 'attended', 'cancelled', 'no_show');
CREATE TYPE consultation_status AS ENUM ('requested', 'scheduled', 'completed', 'cancelled');
CREATE TYPE payment_status AS ENUM ('pending', 'completed', 'failed', 'refunded');
CREATE TYPE content_type AS ENUM ('video', 'article', 'quiz', 'assignment', 'resource');
CREATE TYPE ai_pillar AS ENUM ('adaptability', 'coaching', 'marketplace');

-- ---------------------------------------------------------------------------------------------------------------
-- Tables
-- ---------------------------------------------------------------------------------------------------------------

CREATE TABLE organizations (
    id UUID PRIMARY KEY DEFAULT extensions.uuid_generate_v4(),
    name TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    logo_url TEXT,
    settings JSONB NOT NULL DEFAULT '{}',
    is_active BOOLEAN NOT NULL DEFAULT true,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT organizations_name_not_blank CHECK (btrim(name) <> '')
);

CREATE TABLE teams (
    id UUID PRIMARY KEY DEFAULT extensions.uuid_generate_v4(),
    organization_id UUID NOT NULL REFERENCES organizations(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT,
    lead_id UUID REFERENCES users(id) ON DELETE SET NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT teams_name_once_per_organization UNIQUE (organization_id, name)
);

ALTER TABLE users
    ADD COLUMN organization_id UUID REFERENCES organizations(id) ON DELETE SET NULL,
    ADD COLUMN job_title TEXT,
    ADD COLUMN timezone TEXT NOT NULL DEFAULT 'UTC',
    ADD COLUMN preferences JSONB NOT NULL DEFAULT '{}',
    ADD COLUMN is_active BOOLEAN NOT NULL DEFAULT true,
    ADD COLUMN last_seen_at TIMESTAMPTZ;

ALTER TABLE user_roles DROP CONSTRAINT user_roles_role_known;
ALTER TABLE user_roles
    ALTER COLUMN role DROP DEFAULT,
    ALTER COLUMN role TYPE user_role USING role::user_role,
    ALTER COLUMN role SET DEFAULT 'member';

CREATE TABLE team_members (
    id UUID PRIMARY KEY DEFAULT extensions.uuid_generate_v4(),
    team_id UUID NOT NULL REFERENCES teams(id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    role user_role NOT NULL DEFAULT 'member',
    joined_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT team_members_once UNIQUE (team_id, user_id)
);

-- ---------------------------------------------------------------------------------------------------------------
-- Indexes
-- ---------------------------------------------------------------------------------------------------------------

CREATE INDEX idx_organizations_active ON organizations(created_at) WHERE is_active;
CREATE INDEX idx_organizations_settings ON organizations USING gin (settings);
CREATE INDEX idx_organizations_name_search ON organizations USING gin (name extensions.gin_trgm_ops);
CREATE INDEX idx_teams_lead_id ON teams(lead_id);
CREATE INDEX idx_users_organization_id ON users(organization_id);
CREATE INDEX idx_users_last_seen_at ON users(last_seen_at DESC) WHERE is_active;
CREATE INDEX idx_users_preferences ON users USING gin (preferences);
CREATE INDEX idx_users_name_search ON users USING gin (name extensions.gin_trgm_ops);
CREATE INDEX idx_user_roles_role ON user_roles(role);
CREATE INDEX idx_team_members_user_id ON team_members(user_id);

-- ---------------------------------------------------------------------------------------------------------------
-- Functions
-- ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION update_updated_at_column() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END;
$$;

-- What policies ask lives in a schema that the API does not expose. The functions run with their owner's rights, so
-- that a policy on users can ask about users without asking itself.
CREATE SCHEMA private;
GRANT USAGE ON SCHEMA private TO authenticated, service_role;

CREATE FUNCTION private.current_organization_id() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ''
AS $$
    SELECT organization_id FROM public.users WHERE id = (SELECT auth.uid())
$$;

CREATE FUNCTION private.is_admin() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ''
AS $$
    SELECT EXISTS (SELECT FROM public.user_roles WHERE user_id = (SELECT auth.uid()) AND role = 'admin')
$$;

CREATE FUNCTION private.administers(p_organization_id uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ''
AS $$
    SELECT EXISTS (
        SELECT FROM public.users AS u
          JOIN public.user_roles AS r ON r.user_id = u.id
         WHERE u.id = (SELECT auth.uid())
           AND (r.role = 'admin' OR (r.role = 'org_admin' AND u.organization_id = p_organization_id))
    )
$$;

CREATE FUNCTION private.organization_of_team(p_team_id uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ''
AS $$
    SELECT organization_id FROM public.teams WHERE id = p_team_id
$$;

CREATE FUNCTION private.organization_of_user(p_user_id uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ''
AS $$
    SELECT organization_id FROM public.users WHERE id = p_user_id
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA private FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA private TO authenticated, service_role;

-- ---------------------------------------------------------------------------------------------------------------
-- Triggers
-- ---------------------------------------------------------------------------------------------------------------

CREATE TRIGGER update_organizations_updated_at BEFORE UPDATE ON organizations
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER update_teams_updated_at BEFORE UPDATE ON teams
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER update_users_updated_at BEFORE UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

-- ---------------------------------------------------------------------------------------------------------------
-- Row level security
-- ---------------------------------------------------------------------------------------------------------------

ALTER TABLE organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE teams ENABLE ROW LEVEL SECURITY;
ALTER TABLE team_members ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Members can view their organization" ON organizations
    FOR SELECT TO authenticated
    USING (id = (SELECT private.current_organization_id()) OR (SELECT private.is_admin()));
CREATE POLICY "Admins can create organizations" ON organizations
    FOR INSERT TO authenticated
    WITH CHECK ((SELECT private.is_admin()));
CREATE POLICY "Organization admins can update their organization" ON organizations
    FOR UPDATE TO authenticated
    USING (private.administers(id)) WITH CHECK (private.administers(id));
CREATE POLICY "Admins can delete organizations" ON organizations
    FOR DELETE TO authenticated
    USING ((SELECT private.is_admin()));

CREATE POLICY "Members can view the teams of their organization" ON teams
    FOR SELECT TO authenticated
    USING (organization_id = (SELECT private.current_organization_id()) OR (SELECT private.is_admin()));
CREATE POLICY "Organization admins can create teams" ON teams
    FOR INSERT TO authenticated
    WITH CHECK (private.administers(organization_id));
CREATE POLICY "Organization admins can update teams" ON teams
    FOR UPDATE TO authenticated
    USING (private.administers(organization_id)) WITH CHECK (private.administers(organization_id));
CREATE POLICY "Organization admins can delete teams" ON teams
    FOR DELETE TO authenticated
    USING (private.administers(organization_id));

CREATE POLICY "Members can view team membership in their organization" ON team_members
    FOR SELECT TO authenticated
    USING (private.organization_of_team(team_id) = (SELECT private.current_organization_id())
           OR (SELECT private.is_admin()));
CREATE POLICY "Organization admins can add their users to teams" ON team_members
    FOR INSERT TO authenticated
    WITH CHECK (private.administers(private.organization_of_team(team_id))
                AND private.organization_of_user(user_id) = private.organization_of_team(team_id));
CREATE POLICY "Organization admins can remove team members" ON team_members
    FOR DELETE TO authenticated
    USING (private.administers(private.organization_of_team(team_id)));

DROP POLICY "Users can view their own profile" ON users;
CREATE POLICY "Users can view profiles in their organization" ON users
    FOR SELECT TO authenticated
    USING (id = (SELECT auth.uid())
           OR organization_id = (SELECT private.current_organization_id())
           OR (SELECT private.is_admin()));
-- A user may change the profile but not move to another organization.
CREATE POLICY "Users can update their own profile" ON users
    FOR UPDATE TO authenticated
    USING (id = (SELECT auth.uid()))
    WITH CHECK (id = (SELECT auth.uid())
                AND organization_id IS NOT DISTINCT FROM (SELECT private.current_organization_id()));

DROP POLICY "Users can view their own roles" ON user_roles;
CREATE POLICY "Users can view their own roles, admins all" ON user_roles
    FOR SELECT TO authenticated
    USING (user_id = (SELECT auth.uid()) OR (SELECT private.is_admin()));
CREATE POLICY "Admins can grant roles" ON user_roles
    FOR INSERT TO authenticated
    WITH CHECK ((SELECT private.is_admin()));
CREATE POLICY "Admins can revoke roles" ON user_roles
    FOR DELETE TO authenticated
    USING ((SELECT private.is_admin()));
