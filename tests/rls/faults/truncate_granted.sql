-- schema: organizations
-- found: truncate-granted
GRANT TRUNCATE ON public.projects TO authenticated;
