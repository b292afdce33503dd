-- schema: staff
-- found: cross-tenant-write public.notes
ALTER POLICY notes ON public.notes USING (user_id = (SELECT auth.uid()) OR public.is_admin() IS NOT NULL);
