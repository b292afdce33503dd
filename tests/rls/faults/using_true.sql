-- schema: organizations
-- found: cross-tenant-read public.tasks
ALTER POLICY tasks_select ON public.tasks USING (true);
