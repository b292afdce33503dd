-- schema: workspaces_bigint
-- found: policy-error public.documents
REVOKE EXECUTE ON FUNCTION public.my_workspaces() FROM authenticated;
