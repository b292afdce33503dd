-- schema: organizations
-- found: cross-tenant-read public.activity
DROP POLICY activity_service ON public.activity;
CREATE POLICY activity_service ON public.activity USING (true) WITH CHECK (true);
