-- schema: members
-- found: cross-tenant-write public.posts
CREATE POLICY posts_tidy ON public.posts FOR DELETE TO authenticated
    USING (club_id IN (SELECT public.my_clubs('{admin,member}')));
ALTER POLICY posts_delete ON public.posts USING (author = (SELECT auth.uid()));
