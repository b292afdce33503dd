-- schema: profiles
-- found: cross-tenant-write public.entries
CREATE POLICY entries_update ON public.entries FOR UPDATE TO authenticated USING (true) WITH CHECK (true);
