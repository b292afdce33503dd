-- schema: organizations
-- found: cross-tenant-read public.tasks
CREATE POLICY tasks_published ON public.tasks FOR SELECT TO authenticated USING (title IS NOT NULL);
