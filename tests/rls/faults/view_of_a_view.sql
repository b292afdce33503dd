-- schema: organizations
-- found: cross-tenant-read public.project_list
-- found: anonymous-read public.project_join
CREATE VIEW public.project_join AS
    SELECT t.id, t.title, p.title AS project FROM public.tasks t JOIN public.projects p ON p.id = t.project_id;
CREATE VIEW public.project_list WITH (security_invoker = true) AS SELECT * FROM public.project_join;
