-- schema: staff
-- found: privilege-escalation public.user_roles
CREATE POLICY user_roles_insert ON public.user_roles FOR INSERT TO authenticated
    WITH CHECK (user_id = (SELECT auth.uid()));
