-- schema: organizations
-- found: anonymous-read public.project_titles
CREATE OR REPLACE FUNCTION public.project_titles(org uuid) RETURNS SETOF text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    IF auth.uid() IS NOT NULL AND NOT public.is_member(org) THEN
        RAISE EXCEPTION 'not a member' USING ERRCODE = '42501';
    END IF;
    RETURN QUERY SELECT p.title FROM public.projects p WHERE p.organization_id = org;
END $$;
GRANT EXECUTE ON FUNCTION public.project_titles(uuid) TO anon;
