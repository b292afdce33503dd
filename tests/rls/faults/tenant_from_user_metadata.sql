-- schema: claims
-- found: cross-tenant-read public.reports
-- found: cross-tenant-write public.reports
ALTER POLICY reports ON public.reports
    USING (org_id::text = (SELECT coalesce(auth.jwt() -> 'user_metadata' ->> 'org_id', auth.jwt() -> 'app_metadata' ->> 'org_id')));
