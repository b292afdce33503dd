-- schema: workspaces_bigint
-- found: privilege-escalation public.workspace_users
-- What an admin can do is more: it deletes members.
CREATE FUNCTION public.administered() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT u.workspace_id FROM public.workspace_users u WHERE u.user_id = (SELECT auth.uid()) AND u.role = 'admin'
$$;
REVOKE EXECUTE ON FUNCTION public.administered() FROM PUBLIC, anon;
CREATE POLICY workspace_users_delete ON public.workspace_users FOR DELETE TO authenticated
    USING (workspace_id IN (SELECT public.administered()));
CREATE POLICY workspace_users_own ON public.workspace_users FOR UPDATE TO authenticated
    USING (user_id = (SELECT auth.uid())) WITH CHECK (user_id = (SELECT auth.uid()));
