-- schema: claims
-- found: anonymous-read public.reports
-- found: anonymous-write public.reports
-- found: cross-tenant-read public.reports
ALTER TABLE public.reports DISABLE ROW LEVEL SECURITY;
