-- schema: workspaces_bigint
-- found: cross-tenant-write public.drop_document
CREATE FUNCTION public.drop_document(document_id bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    DELETE FROM public.links l WHERE l.document_id = drop_document.document_id;
    DELETE FROM public.document_pages p WHERE p.document_id = drop_document.document_id;
    DELETE FROM public.documents d WHERE d.id = drop_document.document_id;
END $$;
REVOKE EXECUTE ON FUNCTION public.drop_document(bigint) FROM PUBLIC, anon;
