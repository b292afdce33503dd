-- No tenants: everybody has rows of their own.
CREATE TABLE public.profiles (
    id uuid PRIMARY KEY REFERENCES auth.users,
    nickname text,
    role text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'moderator'))
);
CREATE TABLE public.entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    author_id uuid NOT NULL DEFAULT auth.uid() REFERENCES public.profiles,
    body text NOT NULL
);
CREATE TABLE public.entry_tags (
    entry_id bigint NOT NULL REFERENCES public.entries,
    tag text NOT NULL,
    PRIMARY KEY (entry_id, tag)
);
CREATE TABLE public.wallets (user_id uuid PRIMARY KEY REFERENCES auth.users, balance numeric NOT NULL DEFAULT 0);

CREATE FUNCTION public.is_moderator() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT EXISTS (SELECT 1 FROM public.profiles p WHERE p.id = (SELECT auth.uid()) AND p.role = 'moderator')
$$;
REVOKE EXECUTE ON FUNCTION public.is_moderator() FROM PUBLIC, anon;

ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.entry_tags ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.wallets ENABLE ROW LEVEL SECURITY;
CREATE POLICY profiles_select ON public.profiles FOR SELECT TO authenticated USING (id = (SELECT auth.uid()));
CREATE POLICY profiles_update ON public.profiles FOR UPDATE TO authenticated USING (id = (SELECT auth.uid()));
CREATE POLICY entries ON public.entries TO authenticated USING (author_id = (SELECT auth.uid()));
CREATE POLICY entry_tags ON public.entry_tags TO authenticated
    USING (EXISTS (SELECT 1 FROM public.entries e WHERE e.id = entry_id AND e.author_id = (SELECT auth.uid())));
CREATE POLICY wallets ON public.wallets FOR SELECT TO authenticated USING (user_id = (SELECT auth.uid()));
REVOKE TRUNCATE ON ALL TABLES IN SCHEMA public FROM anon, authenticated;
REVOKE INSERT, UPDATE, DELETE ON public.profiles, public.wallets FROM anon, authenticated;
GRANT UPDATE (nickname) ON public.profiles TO authenticated;

INSERT INTO storage.buckets (id, name) VALUES ('scans', 'scans');
CREATE POLICY scans_select ON storage.objects FOR SELECT TO authenticated
    USING (bucket_id = 'scans' AND owner_id = (SELECT auth.uid())::text);
CREATE POLICY scans_insert ON storage.objects FOR INSERT TO authenticated
    WITH CHECK (bucket_id = 'scans' AND owner_id = (SELECT auth.uid())::text);
