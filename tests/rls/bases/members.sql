-- Clubs whose members have rows of their own: letters, diaries, drafts; others are shared, or kept in order by admins.
CREATE TABLE public.clubs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE public.club_members (
    club_id uuid NOT NULL REFERENCES public.clubs,
    user_id uuid NOT NULL REFERENCES auth.users,
    role text NOT NULL DEFAULT 'member' CHECK (role IN ('admin', 'member')),
    PRIMARY KEY (club_id, user_id)
);
CREATE TABLE public.letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    club_id uuid NOT NULL REFERENCES public.clubs,
    sender uuid NOT NULL REFERENCES auth.users,
    recipient uuid NOT NULL REFERENCES auth.users,
    body text NOT NULL,
    CHECK (sender <> recipient)
);
CREATE TABLE public.diaries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    club_id uuid NOT NULL REFERENCES public.clubs,
    writer uuid NOT NULL REFERENCES auth.users,
    body text NOT NULL
);
CREATE TABLE public.posts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    club_id uuid NOT NULL REFERENCES public.clubs,
    author uuid NOT NULL REFERENCES auth.users,
    state text NOT NULL DEFAULT 'published' CHECK (state IN ('draft', 'published')),
    body text NOT NULL
);
CREATE TABLE public.pages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    club_id uuid NOT NULL REFERENCES public.clubs,
    created_by uuid NOT NULL REFERENCES auth.users,
    body text NOT NULL
);
CREATE TABLE public.letter_pages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    letter_id bigint NOT NULL REFERENCES public.letters ON DELETE CASCADE,
    body text NOT NULL
);
ALTER TABLE public.clubs ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.club_members ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.letters ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.letter_pages ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.diaries ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.posts ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.pages ENABLE ROW LEVEL SECURITY;

CREATE FUNCTION public.my_clubs(wanted text[]) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT m.club_id FROM public.club_members m WHERE m.user_id = (SELECT auth.uid()) AND m.role = ANY (wanted)
$$;
REVOKE EXECUTE ON FUNCTION public.my_clubs(text[]) FROM PUBLIC, anon;

CREATE POLICY clubs ON public.clubs FOR SELECT TO authenticated
    USING (id IN (SELECT public.my_clubs('{admin,member}')));
CREATE POLICY club_members ON public.club_members FOR SELECT TO authenticated
    USING (club_id IN (SELECT public.my_clubs('{admin,member}')));
CREATE POLICY club_members_own ON public.club_members FOR SELECT TO authenticated
    USING (user_id = (SELECT auth.uid()));
CREATE POLICY club_members_invite ON public.club_members FOR INSERT TO authenticated
    WITH CHECK (club_id IN (SELECT public.my_clubs('{admin}')));
CREATE POLICY club_members_leave ON public.club_members FOR DELETE TO authenticated
    USING (user_id = (SELECT auth.uid()) OR club_id IN (SELECT public.my_clubs('{admin}')));
CREATE POLICY letters_read ON public.letters FOR SELECT TO authenticated
    USING (sender = (SELECT auth.uid()) OR recipient = (SELECT auth.uid()));
CREATE POLICY letter_pages ON public.letter_pages FOR SELECT TO authenticated
    USING (EXISTS (SELECT 1 FROM public.letters l WHERE l.id = letter_id));
CREATE POLICY letters_send ON public.letters FOR INSERT TO authenticated
    WITH CHECK (sender = (SELECT auth.uid()) AND club_id IN (SELECT public.my_clubs('{admin,member}'))
        AND EXISTS (SELECT 1 FROM public.club_members m WHERE m.club_id = letters.club_id AND m.user_id = recipient));
CREATE POLICY letters_delete ON public.letters FOR DELETE TO authenticated USING (sender = (SELECT auth.uid()));
CREATE POLICY diaries ON public.diaries TO authenticated
    USING (writer = (SELECT auth.uid()) AND club_id IN (SELECT public.my_clubs('{admin,member}')));
-- Who has written a post reads it in any state, and others once it is published; admins keep order.
CREATE POLICY posts_read ON public.posts FOR SELECT TO authenticated
    USING (author = (SELECT auth.uid()) AND club_id IN (SELECT public.my_clubs('{admin,member}')));
CREATE POLICY posts_published ON public.posts FOR SELECT TO authenticated
    USING (state = 'published' AND club_id IN (SELECT public.my_clubs('{admin,member}')));
CREATE POLICY posts_write ON public.posts FOR INSERT TO authenticated
    WITH CHECK (author = (SELECT auth.uid()) AND club_id IN (SELECT public.my_clubs('{admin,member}')));
CREATE POLICY posts_change ON public.posts FOR UPDATE TO authenticated
    USING (author = (SELECT auth.uid()))
    WITH CHECK (author = (SELECT auth.uid()) AND club_id IN (SELECT public.my_clubs('{admin,member}')));
CREATE POLICY posts_delete ON public.posts FOR DELETE TO authenticated
    USING (author = (SELECT auth.uid()) OR club_id IN (SELECT public.my_clubs('{admin}')));
-- Everybody writes on pages, and says who began them.
CREATE POLICY pages ON public.pages TO authenticated USING (club_id IN (SELECT public.my_clubs('{admin,member}')));
CREATE POLICY pages_begin ON public.pages AS RESTRICTIVE FOR INSERT TO authenticated
    WITH CHECK (created_by = (SELECT auth.uid()));
REVOKE TRUNCATE ON ALL TABLES IN SCHEMA public FROM anon, authenticated;
