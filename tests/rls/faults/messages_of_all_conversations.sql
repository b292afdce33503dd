-- schema: conversations
-- found: cross-tenant-read public.messages
CREATE POLICY sent ON public.messages FOR SELECT TO authenticated USING (sender IS NOT NULL);
