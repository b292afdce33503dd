-- schema: organizations
-- warned: privilege-escalation public.organizations
GRANT UPDATE ON public.organizations TO authenticated;
