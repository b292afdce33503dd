-- schema: workspaces_bigint
-- found: cross-tenant-write public.clear_links
CREATE OR REPLACE PROCEDURE public.clear_links(p_workspace_id bigint, INOUT done integer DEFAULT 0)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    DELETE FROM public.links l WHERE l.workspace_id = p_workspace_id;
END $$;
