-- schema: companies
-- found: row-moved public.profiles
GRANT UPDATE (company_id) ON public.profiles TO authenticated;
