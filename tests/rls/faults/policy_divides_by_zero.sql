-- schema: workspaces_bigint
-- found: policy-error public.customers
ALTER POLICY customers ON public.customers
    USING (workspace_id IN (SELECT public.my_workspaces()) AND 1 / (number - number) = 1);
