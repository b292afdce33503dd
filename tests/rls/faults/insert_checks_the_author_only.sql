-- schema: organizations
-- found: cross-tenant-insert public.comments
ALTER POLICY comments_insert ON public.comments WITH CHECK (author = (SELECT auth.uid()));
