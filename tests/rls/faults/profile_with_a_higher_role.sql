-- schema: companies
-- found: privilege-escalation public.profiles
GRANT UPDATE (role) ON public.profiles TO authenticated;
