-- schema: organizations
-- found: policy-error public.tasks
CREATE FUNCTION public.may_see(org uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN RETURN public.is_allowed(org); END $$;
ALTER POLICY tasks_select ON public.tasks USING (public.may_see(organization_id));
