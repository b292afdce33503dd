-- schema: workspaces_bigint
-- found: cross-tenant-read public.invoices
-- Permissive policies are joined with OR.
CREATE POLICY only_with_notes ON public.invoices FOR SELECT TO authenticated USING (note IS NOT NULL);
