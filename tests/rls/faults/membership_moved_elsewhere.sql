-- schema: workspaces_bigint
-- found: row-moved public.workspace_users
CREATE POLICY workspace_users_own ON public.workspace_users FOR UPDATE TO authenticated
    USING (user_id = (SELECT auth.uid())) WITH CHECK (user_id = (SELECT auth.uid()));
