-- schema: members
-- found: cross-tenant-read public.diaries
-- found: cross-tenant-write public.diaries
CREATE POLICY diaries_of_club ON public.diaries TO authenticated
    USING (club_id IN (SELECT public.my_clubs('{admin,member}')));
