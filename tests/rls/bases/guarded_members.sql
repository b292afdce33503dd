-- Members are looked up without a word of who asks: their table's own policy shows everybody its own rows.
CREATE TABLE public.orgs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE public.belongs (org_id uuid NOT NULL, user_id uuid NOT NULL, PRIMARY KEY (org_id, user_id));
CREATE TABLE public.docs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org_id uuid NOT NULL, body text NOT NULL);
REVOKE TRUNCATE ON public.orgs, public.belongs, public.docs FROM anon, authenticated;
ALTER TABLE public.orgs ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.belongs ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.docs ENABLE ROW LEVEL SECURITY;
CREATE POLICY belongs ON public.belongs FOR SELECT TO authenticated USING (user_id = (SELECT auth.uid()));
CREATE POLICY orgs ON public.orgs FOR SELECT TO authenticated USING (id IN (SELECT org_id FROM public.belongs));
CREATE POLICY docs ON public.docs TO authenticated USING (org_id IN (SELECT org_id FROM public.belongs));
