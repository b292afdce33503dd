-- schema: staff
-- found: cross-tenant-read public.user_roles
CREATE POLICY user_roles_all ON public.user_roles FOR SELECT TO authenticated USING (true);
