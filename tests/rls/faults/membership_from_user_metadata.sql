-- schema: organizations
-- found: cross-tenant-read public.projects
CREATE POLICY projects_from_token ON public.projects FOR SELECT TO authenticated
    USING (organization_id::text = (SELECT auth.jwt() -> 'user_metadata' ->> 'organization_id'));
