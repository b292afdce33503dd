-- schema: workspaces_bigint
-- found: cross-tenant-write public.documents
DROP POLICY documents ON public.documents;
CREATE POLICY documents_select ON public.documents FOR SELECT TO authenticated USING (true);
CREATE POLICY documents_insert ON public.documents FOR INSERT TO authenticated WITH CHECK (true);
CREATE POLICY documents_update ON public.documents FOR UPDATE TO authenticated USING (true)
    WITH CHECK (workspace_id IN (SELECT public.my_workspaces()));
