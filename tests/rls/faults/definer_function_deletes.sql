-- schema: organizations
-- found: cross-tenant-write public.delete_project
CREATE OR REPLACE FUNCTION public.delete_project(project_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    DELETE FROM public.projects p WHERE p.id = delete_project.project_id;
END $$;
