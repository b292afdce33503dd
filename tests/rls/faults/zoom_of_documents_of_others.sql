-- schema: workspaces_bigint
-- warned: cross-tenant-insert public.zooms
-- warned: row-moved public.zooms
-- Nobody but the person whom a row names sees it, and nothing else asks for it: it makes nobody a member.
CREATE TABLE public.zooms (
    document_id bigint NOT NULL REFERENCES public.documents, user_id uuid NOT NULL REFERENCES auth.users,
    factor integer NOT NULL DEFAULT 1, PRIMARY KEY (document_id, user_id)
);
ALTER TABLE public.zooms ENABLE ROW LEVEL SECURITY;
CREATE POLICY zooms ON public.zooms TO authenticated USING (user_id = (SELECT auth.uid()));
REVOKE TRUNCATE ON public.zooms FROM anon, authenticated;
