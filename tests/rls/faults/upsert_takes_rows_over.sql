-- schema: profiles
-- found: cross-tenant-write public.wallets
-- found: cross-tenant-insert public.wallets
-- found: row-moved public.wallets
GRANT INSERT, UPDATE ON public.wallets TO authenticated;
CREATE POLICY wallets_insert ON public.wallets FOR INSERT TO authenticated WITH CHECK (true);
CREATE POLICY wallets_update ON public.wallets FOR UPDATE TO authenticated USING (true) WITH CHECK (true);
