-- schema: organizations
-- found: privilege-escalation public.tasks
-- found: privilege-escalation public.projects
DROP POLICY tasks_insert ON public.tasks;
CREATE POLICY tasks_insert ON public.tasks FOR INSERT TO authenticated WITH CHECK (
    public.is_member(organization_id) AND EXISTS (SELECT 1 FROM public.organization_members m
        WHERE m.user_id = (SELECT auth.uid()) AND m.role IN ('owner', 'editor')));
ALTER POLICY projects_update ON public.projects
    USING (public.is_member(organization_id) AND EXISTS (SELECT 1 FROM public.organization_members m
        WHERE m.user_id = (SELECT auth.uid()) AND m.role IN ('owner', 'editor')))
    WITH CHECK (public.is_member(organization_id));
