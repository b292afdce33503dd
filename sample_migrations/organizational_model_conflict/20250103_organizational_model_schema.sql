-- =============================================================================
-- Organizational model, part 1 of 3: schema
--
-- Production-ready version: up to 1000 users an organization, a tier for
-- customers of before.
-- =============================================================================

CREATE TABLE IF NOT EXISTS public.organizations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    slug text NOT NULL UNIQUE,
    description text,
    active_user_count integer NOT NULL DEFAULT 0,
    max_users integer NOT NULL DEFAULT 100,
    subscription_tier text NOT NULL DEFAULT 'basic',
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT organizations_max_users_check CHECK (max_users > 0 AND max_users <= 1000),
    CONSTRAINT organizations_subscription_tier_check
        CHECK (subscription_tier IN ('basic', 'premium', 'enterprise', 'legacy'))
);

ALTER TABLE public.profiles ADD COLUMN IF NOT EXISTS organization_id uuid
    REFERENCES public.organizations (id) ON DELETE SET NULL;
ALTER TABLE public.profiles ADD COLUMN IF NOT EXISTS roles text[] NOT NULL DEFAULT ARRAY['practitioner'];
ALTER TABLE public.profiles ADD COLUMN IF NOT EXISTS is_active boolean NOT NULL DEFAULT true;
ALTER TABLE public.profiles ADD COLUMN IF NOT EXISTS last_activity timestamptz;
ALTER TABLE public.profiles ADD COLUMN archived_at timestamptz;
ALTER TABLE public.profiles ADD COLUMN archived_by uuid REFERENCES public.profiles (id);

CREATE TABLE public.practitioner_assignments (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    practitioner_id uuid NOT NULL REFERENCES public.profiles (id) ON DELETE CASCADE,
    supervisor_id uuid NOT NULL REFERENCES public.profiles (id) ON DELETE CASCADE,
    organization_id uuid NOT NULL REFERENCES public.organizations (id) ON DELETE CASCADE,
    supervisor_role text NOT NULL CHECK (supervisor_role IN ('coach', 'therapist', 'admin')),
    active boolean NOT NULL DEFAULT true,
    notes text,
    assigned_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT practitioner_assignments_once UNIQUE (practitioner_id, supervisor_id, supervisor_role)
);

CREATE TABLE IF NOT EXISTS public.organization_invitations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL REFERENCES public.organizations (id) ON DELETE CASCADE,
    email text NOT NULL,
    roles text[] NOT NULL DEFAULT ARRAY['practitioner'],
    token text NOT NULL UNIQUE DEFAULT replace(gen_random_uuid()::text, '-', ''),
    invited_by uuid NOT NULL REFERENCES public.profiles (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL DEFAULT now() + interval '14 days',
    accepted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE OR REPLACE FUNCTION public.validate_organization_user_limit()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
AS $$
DECLARE
    present integer;
    allowed integer;
BEGIN
    IF NEW.organization_id IS NULL OR NOT NEW.is_active THEN
        RETURN NEW;
    END IF;
    SELECT o.active_user_count, o.max_users INTO present, allowed
    FROM public.organizations o
    WHERE o.id = NEW.organization_id AND o.is_active;
    IF present >= allowed THEN
        RAISE EXCEPTION 'organization is full: % of % users', present, allowed;
    END IF;
    RETURN NEW;
END;
$$;

CREATE TRIGGER profiles_validate_user_limit
    BEFORE INSERT OR UPDATE OF organization_id, is_active ON public.profiles
    FOR EACH ROW EXECUTE FUNCTION public.validate_organization_user_limit();

ALTER TABLE public.organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.practitioner_assignments ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.organization_invitations ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Members see their organization" ON public.organizations
    FOR SELECT TO authenticated
    USING (id IN (SELECT p.organization_id FROM public.profiles p WHERE p.id = (SELECT auth.uid())));

CREATE POLICY "Supervisors see their assignments" ON public.practitioner_assignments
    FOR SELECT TO authenticated
    USING ((SELECT auth.uid()) IN (practitioner_id, supervisor_id));
