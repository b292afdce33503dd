-- schema: profiles
-- found: policy-error public.profiles
CREATE POLICY moderators ON public.profiles FOR SELECT TO authenticated
    USING (EXISTS (SELECT 1 FROM public.profiles p WHERE p.id = (SELECT auth.uid()) AND p.role = 'moderator'));
