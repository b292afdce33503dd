-- schema: organizations
-- found: privilege-escalation public.organization_members
ALTER POLICY members_insert ON public.organization_members
    WITH CHECK (public.has_role(organization_id, 'owner', 'editor'));
