-- schema: members
-- warned: cross-tenant-insert public.letters
ALTER POLICY letters_send ON public.letters WITH CHECK (club_id IN (SELECT public.my_clubs('{admin,member}')));
