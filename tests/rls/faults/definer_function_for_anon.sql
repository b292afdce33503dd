-- schema: organizations
-- found: anonymous-read public.all_projects
CREATE FUNCTION public.all_projects(org uuid) RETURNS SETOF public.projects
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT * FROM public.projects p WHERE p.organization_id = org
$$;
