-- schema: organizations
-- found: privilege-escalation public.organization_members
CREATE POLICY members_own ON public.organization_members FOR UPDATE TO authenticated
    USING (user_id = (SELECT auth.uid()));
