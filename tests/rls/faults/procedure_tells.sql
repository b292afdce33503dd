-- schema: workspaces_bigint
-- found: cross-tenant-read public.first_document
CREATE PROCEDURE public.first_document(IN p_workspace_id bigint, OUT body text)
    LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
    SELECT d.body FROM public.documents d WHERE d.workspace_id = p_workspace_id LIMIT 1
$$;
REVOKE EXECUTE ON PROCEDURE public.first_document FROM PUBLIC, anon;
