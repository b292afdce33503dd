-- schema: organizations
-- found: cross-tenant-insert public.organization_members
ALTER POLICY members_insert ON public.organization_members WITH CHECK (user_id = (SELECT auth.uid()));
