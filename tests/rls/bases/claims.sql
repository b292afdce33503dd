-- The token says which organization asks: app_metadata.org_id.
CREATE TABLE public.orgs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE public.reports (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    org_id uuid NOT NULL REFERENCES public.orgs,
    body text NOT NULL
);
CREATE TABLE public.report_lines (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    report_id uuid NOT NULL REFERENCES public.reports,
    line text NOT NULL
);
CREATE FUNCTION public.current_org() RETURNS uuid LANGUAGE sql STABLE SET search_path = '' AS $$
    SELECT nullif(auth.jwt() -> 'app_metadata' ->> 'org_id', '')::uuid
$$;
ALTER TABLE public.orgs ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.reports ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.report_lines ENABLE ROW LEVEL SECURITY;
CREATE POLICY orgs ON public.orgs FOR SELECT TO authenticated USING (id = (SELECT public.current_org()));
CREATE POLICY reports ON public.reports TO authenticated USING (org_id = (SELECT public.current_org()));
CREATE POLICY report_lines ON public.report_lines TO authenticated
    USING (EXISTS (SELECT 1 FROM public.reports r WHERE r.id = report_id AND r.org_id = (SELECT public.current_org())));
REVOKE TRUNCATE ON ALL TABLES IN SCHEMA public FROM anon, authenticated;
