-- schema: organizations
-- found: cross-tenant-read public.task_titles
CREATE FUNCTION public.task_titles(project public.projects) RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT t.title FROM public.tasks t WHERE t.project_id = project.id
$$;
REVOKE EXECUTE ON FUNCTION public.task_titles FROM PUBLIC, anon;
