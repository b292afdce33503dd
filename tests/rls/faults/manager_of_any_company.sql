-- schema: companies
-- found: cross-tenant-read public.shifts
ALTER POLICY shifts_read ON public.shifts
    USING (worker = (SELECT auth.uid()) OR (SELECT public.managed_company()) IS NOT NULL);
