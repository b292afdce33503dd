-- schema: members
-- found: cross-tenant-read public.letters
CREATE POLICY letters_of_club ON public.letters FOR SELECT TO authenticated
    USING (club_id IN (SELECT public.my_clubs('{admin,member}')));
