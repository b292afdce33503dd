-- schema: members
-- warned: row-moved public.posts
ALTER POLICY posts_change ON public.posts WITH CHECK (club_id IN (SELECT public.my_clubs('{admin,member}')));
