-- schema: workspaces_bigint
-- found: anonymous-read public.workspace_documents
-- found: cross-tenant-read public.workspace_documents
-- The default privileges have given it to anon and authenticated by name.
CREATE FUNCTION public.workspace_documents(workspace_id bigint) RETURNS SETOF public.documents
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT d.* FROM public.documents d WHERE d.workspace_id = workspace_documents.workspace_id
$$;
REVOKE EXECUTE ON FUNCTION public.workspace_documents(bigint) FROM PUBLIC;
