-- schema: organizations
-- found: cross-tenant-read public.comments
ALTER POLICY comments_select ON public.comments USING (task_id IS NOT NULL);
