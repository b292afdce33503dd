-- schema: claims
-- warned: policy-error public.reports
CREATE TABLE public.counters (org_id uuid NOT NULL REFERENCES public.orgs, n int NOT NULL DEFAULT 0);
ALTER TABLE public.counters ENABLE ROW LEVEL SECURITY;
REVOKE TRUNCATE ON public.counters FROM anon, authenticated;
CREATE FUNCTION public.count_reports() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.counters (org_id) VALUES (NEW.org_id); RETURN NEW; END $$;
CREATE TRIGGER count_reports AFTER INSERT ON public.reports FOR EACH ROW EXECUTE FUNCTION public.count_reports();
