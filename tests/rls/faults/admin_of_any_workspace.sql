-- schema: workspaces_bigint
-- found: privilege-escalation public.customers
CREATE FUNCTION public.is_admin() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT EXISTS (SELECT 1 FROM public.workspace_users u WHERE u.user_id = (SELECT auth.uid()) AND u.role = 'admin')
$$;
REVOKE EXECUTE ON FUNCTION public.is_admin() FROM PUBLIC, anon;
DROP POLICY customers ON public.customers;
CREATE POLICY customers_read ON public.customers FOR SELECT TO authenticated
    USING (workspace_id IN (SELECT public.my_workspaces()) AND public.is_admin());
