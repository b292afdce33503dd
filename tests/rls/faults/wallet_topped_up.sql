-- schema: profiles
-- warned: privilege-escalation public.wallets
GRANT UPDATE ON public.wallets TO authenticated;
CREATE POLICY wallets_update ON public.wallets FOR UPDATE TO authenticated USING (user_id = (SELECT auth.uid()));
