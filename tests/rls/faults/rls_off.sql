-- schema: organizations
-- found: cross-tenant-read public.projects
-- found: cross-tenant-write public.projects
-- found: row-moved public.projects
-- found: cross-tenant-insert public.projects
ALTER TABLE public.projects DISABLE ROW LEVEL SECURITY;
