-- schema: organizations
-- found: policy-error public.organization_members
ALTER POLICY members_select ON public.organization_members USING (EXISTS (
    SELECT 1 FROM public.organization_members m
    WHERE m.organization_id = organization_members.organization_id AND m.user_id = (SELECT auth.uid())));
