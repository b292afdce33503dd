-- schema: staff
-- found: privilege-escalation public.admins
CREATE POLICY admins_insert ON public.admins FOR INSERT TO authenticated WITH CHECK (user_id = (SELECT auth.uid()));
