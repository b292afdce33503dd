-- =============================================================================
-- Organizational model, part 3 of 3: indexes
-- =============================================================================

CREATE INDEX IF NOT EXISTS idx_organizations_slug ON public.organizations (slug);
CREATE INDEX IF NOT EXISTS idx_organizations_subscription_tier ON public.organizations (subscription_tier);

CREATE INDEX profiles_organization_id_idx ON public.profiles (organization_id);
CREATE INDEX IF NOT EXISTS idx_profiles_organization_active
    ON public.profiles (organization_id, is_active);
CREATE INDEX IF NOT EXISTS profiles_roles_idx ON public.profiles USING gin (roles);
CREATE INDEX IF NOT EXISTS idx_profiles_last_activity ON public.profiles (last_activity DESC) WHERE is_active;

CREATE INDEX practitioner_assignments_supervisor_id_idx
    ON public.practitioner_assignments (supervisor_id) WHERE active;
CREATE INDEX IF NOT EXISTS idx_practitioner_assignments_practitioner
    ON public.practitioner_assignments (practitioner_id, active);
CREATE INDEX IF NOT EXISTS idx_practitioner_assignments_organization
    ON public.practitioner_assignments (organization_id);

CREATE INDEX IF NOT EXISTS idx_organization_invitations_organization
    ON public.organization_invitations (organization_id);
CREATE INDEX IF NOT EXISTS idx_organization_invitations_email ON public.organization_invitations (lower(email));
