-- schema: guarded_members
-- found: cross-tenant-insert public.docs
-- found: row-moved public.docs
ALTER POLICY docs ON public.docs WITH CHECK (body IS NOT NULL);
