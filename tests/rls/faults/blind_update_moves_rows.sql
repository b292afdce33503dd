-- schema: workspaces_bigint
-- found: row-moved public.documents
-- With a WHERE the policy for SELECT refuses the new row; without one it is not asked.
DROP POLICY documents ON public.documents;
CREATE POLICY documents_select ON public.documents FOR SELECT TO authenticated
    USING (workspace_id IN (SELECT public.my_workspaces()));
CREATE POLICY documents_update ON public.documents FOR UPDATE TO authenticated
    USING (workspace_id IN (SELECT public.my_workspaces())) WITH CHECK (true);
