-- schema: organizations
-- found: cross-tenant-insert public.projects
ALTER POLICY projects_insert ON public.projects WITH CHECK (true);
