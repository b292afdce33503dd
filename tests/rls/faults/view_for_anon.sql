-- schema: claims
-- found: anonymous-read public.latest_reports
-- found: cross-tenant-read public.latest_reports
CREATE VIEW public.latest_reports AS SELECT id, org_id, body FROM public.reports;
