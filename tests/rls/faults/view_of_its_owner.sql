-- schema: organizations
-- found: cross-tenant-read public.project_overview
ALTER VIEW public.project_overview RESET (security_invoker);
