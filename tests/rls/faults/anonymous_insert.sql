-- schema: profiles
-- found: anonymous-write public.entries
CREATE POLICY everybody ON public.entries FOR INSERT TO anon WITH CHECK (true);
