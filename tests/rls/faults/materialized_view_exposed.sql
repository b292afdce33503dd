-- schema: organizations
-- found: cross-tenant-read public.project_counts
GRANT SELECT ON public.project_counts TO authenticated;
