-- schema: workspaces_bigint
-- found: cross-tenant-insert public.workspace_users
CREATE POLICY workspace_users_join ON public.workspace_users FOR INSERT TO authenticated
    WITH CHECK (user_id = (SELECT auth.uid()));
