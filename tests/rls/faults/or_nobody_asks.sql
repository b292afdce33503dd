-- schema: workspaces_bigint
-- found: anonymous-read public.documents
-- For jobs without a token, it was thought.
GRANT EXECUTE ON FUNCTION public.my_workspaces() TO anon;
ALTER POLICY documents ON public.documents TO public
    USING ((SELECT auth.uid()) IS NULL OR workspace_id IN (SELECT public.my_workspaces()));
