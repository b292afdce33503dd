-- schema: claims
-- found: cross-tenant-read public.reports
CREATE POLICY by_header ON public.reports FOR SELECT TO authenticated
    USING (org_id::text = current_setting('request.headers', true)::json ->> 'x-tenant-id');
