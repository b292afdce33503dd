-- schema: guarded_members
-- found: cross-tenant-read public.belongs
-- found: cross-tenant-read public.docs
-- found: cross-tenant-insert public.docs
ALTER POLICY belongs ON public.belongs USING (user_id IS NOT NULL);
CREATE POLICY mine ON public.belongs FOR DELETE TO authenticated USING (user_id = (SELECT auth.uid()));
