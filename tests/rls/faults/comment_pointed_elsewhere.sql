-- schema: organizations
-- found: row-moved public.comments
ALTER POLICY comments_update ON public.comments WITH CHECK (author = (SELECT auth.uid()));
