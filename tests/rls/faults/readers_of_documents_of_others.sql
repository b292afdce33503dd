-- schema: workspaces_bigint
-- found: cross-tenant-insert public.readers
-- Rows that look as private, and are asked for by a policy of another table.
CREATE TABLE public.readers (
    document_id bigint NOT NULL REFERENCES public.documents, user_id uuid NOT NULL REFERENCES auth.users,
    PRIMARY KEY (document_id, user_id)
);
ALTER TABLE public.readers ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON public.readers TO authenticated USING (user_id = (SELECT auth.uid()));
CREATE POLICY read ON public.documents FOR SELECT TO authenticated
    USING (id IN (SELECT r.document_id FROM public.readers r));
REVOKE TRUNCATE ON public.readers FROM anon, authenticated;
