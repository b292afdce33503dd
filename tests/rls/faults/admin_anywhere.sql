-- schema: organizations
-- found: privilege-escalation public.projects
CREATE FUNCTION public.owns_something() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT EXISTS (
        SELECT 1 FROM public.organization_members m WHERE m.user_id = (SELECT auth.uid()) AND m.role = 'owner')
$$;
REVOKE EXECUTE ON FUNCTION public.owns_something() FROM PUBLIC, anon;
DROP POLICY projects_delete ON public.projects;
CREATE POLICY projects_delete ON public.projects FOR DELETE TO authenticated
    USING (public.is_member(organization_id) AND public.owns_something());
