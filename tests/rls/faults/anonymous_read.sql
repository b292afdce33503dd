-- schema: profiles
-- found: anonymous-read public.profiles
CREATE POLICY everybody ON public.profiles FOR SELECT TO anon USING (true);
