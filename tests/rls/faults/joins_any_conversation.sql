-- schema: conversations
-- found: cross-tenant-insert public.participants
CREATE POLICY take_part ON public.participants FOR INSERT TO authenticated WITH CHECK (user_id = (SELECT auth.uid()));
