-- schema: profiles
-- found: privilege-escalation public.profiles
GRANT UPDATE ON public.profiles TO authenticated;
CREATE POLICY entries_of_all ON public.entries FOR SELECT TO authenticated USING (public.is_moderator());
