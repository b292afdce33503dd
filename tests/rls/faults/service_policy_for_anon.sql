-- schema: claims
-- found: anonymous-read public.report_lines
-- found: anonymous-write public.report_lines
-- found: cross-tenant-write public.report_lines
CREATE POLICY "Service role has full access" ON public.report_lines USING (true) WITH CHECK (true);
