-- schema: organizations
-- found: cross-tenant-read public.projects
-- "organization_id" is that of the inner table in both places: it holds for everybody who is a member of anything.
ALTER POLICY projects_select ON public.projects USING (EXISTS (
    SELECT 1 FROM public.organization_members m
    WHERE m.organization_id = organization_id AND m.user_id = (SELECT auth.uid())));
