-- schema: organizations
-- found: cross-tenant-read public.files
CREATE TABLE public.files (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), bucket text NOT NULL, path text NOT NULL, owner uuid REFERENCES auth.users
);
ALTER TABLE public.files ENABLE ROW LEVEL SECURITY;
CREATE POLICY files_select ON public.files FOR SELECT TO authenticated USING (path IS NOT NULL);
CREATE POLICY files_insert ON public.files FOR INSERT TO authenticated WITH CHECK (owner = (SELECT auth.uid()));
