-- schema: conversations
-- found: cross-tenant-read public.conversations
CREATE POLICY titled ON public.conversations FOR SELECT TO authenticated USING (id IS NOT NULL);
