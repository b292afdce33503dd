-- schema: claims
-- found: policy-error public.reports
ALTER POLICY reports ON public.reports
    USING (org_id = (auth.jwt() -> 'app_metadata' ->> 'org_id')::uuid AND (auth.jwt() ->> 'aal')::integer > 0);
