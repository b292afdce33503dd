-- schema: claims
-- found: cross-tenant-read public.report_sizes
-- found: anonymous-read public.report_sizes
CREATE MATERIALIZED VIEW public.report_sizes AS SELECT org_id, id, body, length(body) AS size FROM public.reports;
