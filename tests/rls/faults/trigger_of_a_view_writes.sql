-- schema: organizations
-- found: cross-tenant-insert public.project_entry
CREATE VIEW public.project_entry WITH (security_invoker = true) AS SELECT id, organization_id, title FROM public.projects;
REVOKE ALL ON public.project_entry FROM anon;
CREATE FUNCTION public.enter_project() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    INSERT INTO public.projects (organization_id, title) VALUES (NEW.organization_id, NEW.title);
    RETURN NEW;
END $$;
CREATE TRIGGER enter_project INSTEAD OF INSERT ON public.project_entry
    FOR EACH ROW EXECUTE FUNCTION public.enter_project();
