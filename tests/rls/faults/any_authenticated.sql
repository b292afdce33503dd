-- schema: claims
-- found: cross-tenant-read public.reports
CREATE POLICY signed_in ON public.reports FOR SELECT TO authenticated USING ((SELECT auth.uid()) IS NOT NULL);
