-- schema: members
-- warned: cross-tenant-insert public.posts
ALTER POLICY posts_write ON public.posts WITH CHECK (club_id IN (SELECT public.my_clubs('{admin,member}')));
