-- schema: staff
-- found: cross-tenant-read public.reports
ALTER POLICY reports_read ON public.reports USING ((SELECT auth.jwt()) -> 'user_metadata' ->> 'role' = 'admin');
