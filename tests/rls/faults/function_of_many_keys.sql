-- schema: organizations
-- found: cross-tenant-read public.titles_of
CREATE FUNCTION public.titles_of(VARIADIC organization_ids uuid[]) RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT p.title FROM public.projects p WHERE p.organization_id = ANY (organization_ids)
$$;
REVOKE EXECUTE ON FUNCTION public.titles_of FROM PUBLIC, anon;
