-- schema: workspaces_bigint
-- found: policy-error public.workspaces
-- found: policy-error public.workspace_users
ALTER POLICY workspaces ON public.workspaces USING (EXISTS (
    SELECT 1 FROM public.workspace_users u WHERE u.workspace_id = workspaces.id AND u.user_id = (SELECT auth.uid())));
ALTER POLICY workspace_users ON public.workspace_users USING (EXISTS (
    SELECT 1 FROM public.workspaces w WHERE w.id = workspace_users.workspace_id));
