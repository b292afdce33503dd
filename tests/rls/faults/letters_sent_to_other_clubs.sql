-- schema: members
-- found: cross-tenant-insert public.letters
ALTER POLICY letters_send ON public.letters WITH CHECK (sender = (SELECT auth.uid()) AND sender <> recipient);
