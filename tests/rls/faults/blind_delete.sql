-- schema: organizations
-- found: cross-tenant-write public.projects
ALTER POLICY projects_delete ON public.projects USING (true);
