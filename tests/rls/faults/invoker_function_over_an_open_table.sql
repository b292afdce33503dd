-- schema: workspaces_bigint
-- found: cross-tenant-read public.documents
CREATE POLICY documents_of_all ON public.documents FOR SELECT TO authenticated USING (true);
