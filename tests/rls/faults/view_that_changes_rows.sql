-- schema: profiles
-- found: cross-tenant-write public.my_entries
CREATE VIEW public.my_entries AS SELECT id, author_id, body FROM public.entries;
REVOKE SELECT ON public.my_entries FROM anon, authenticated;
