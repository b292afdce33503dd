-- schema: claims
-- found: row-moved public.reports
-- With a WHERE the policy for SELECT refuses the new row; without one it is not asked.
DROP POLICY reports ON public.reports;
CREATE POLICY reports_select ON public.reports FOR SELECT TO authenticated USING (org_id = (SELECT public.current_org()));
CREATE POLICY reports_update ON public.reports FOR UPDATE TO authenticated
    USING (org_id = (SELECT public.current_org())) WITH CHECK (true);
