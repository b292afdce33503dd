-- schema: claims
-- found: cross-tenant-write public.report_lines
CREATE POLICY cleanup ON public.report_lines FOR DELETE TO authenticated USING (true);
