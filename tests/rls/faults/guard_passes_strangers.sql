-- schema: workspaces_bigint
-- found: anonymous-read public.workspace_notes
CREATE FUNCTION public.workspace_notes(workspace_id bigint) RETURNS SETOF text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    IF auth.uid() IS NOT NULL AND workspace_id NOT IN (SELECT public.my_workspaces()) THEN
        RAISE EXCEPTION 'not a member' USING ERRCODE = '42501';
    END IF;
    RETURN QUERY SELECT d.body FROM public.documents d WHERE d.workspace_id = workspace_notes.workspace_id;
END $$;
