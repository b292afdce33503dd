-- schema: organizations
-- found: cross-tenant-read public.organizations
CREATE POLICY organizations_of_owners ON public.organizations FOR SELECT TO authenticated USING (EXISTS (
    SELECT 1 FROM public.organization_members m WHERE m.user_id = (SELECT auth.uid()) AND m.role = 'editor'));
