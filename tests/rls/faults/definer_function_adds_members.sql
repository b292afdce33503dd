-- schema: organizations
-- found: cross-tenant-insert public.join_organization
CREATE FUNCTION public.join_organization(organization_id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
    INSERT INTO public.organization_members (organization_id, user_id)
    VALUES (join_organization.organization_id, auth.uid()) ON CONFLICT DO NOTHING
$$;
REVOKE EXECUTE ON FUNCTION public.join_organization(uuid) FROM PUBLIC, anon;
