-- schema: organizations
-- found: policy-error public.projects
REVOKE EXECUTE ON FUNCTION public.is_member(uuid) FROM authenticated;
