-- Teams, and conversations that people have with each other whatever their team; files by team.
CREATE TYPE public.team_role AS ENUM ('owner', 'member');
CREATE TABLE public.teams (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE public.team_members (
    team_id uuid NOT NULL REFERENCES public.teams, user_id uuid NOT NULL REFERENCES auth.users,
    role public.team_role NOT NULL DEFAULT 'member', PRIMARY KEY (team_id, user_id)
);
CREATE TABLE public.projects (id uuid PRIMARY KEY, team_id uuid NOT NULL REFERENCES public.teams, name text NOT NULL);
CREATE TABLE public."rates in %s" (id integer PRIMARY KEY, team_id uuid NOT NULL REFERENCES public.teams, rate text);
CREATE TABLE public.old_rates () INHERITS (public."rates in %s");
CREATE TABLE public.conversations (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), title text);
CREATE TABLE public.participants (
    conversation_id uuid NOT NULL REFERENCES public.conversations, user_id uuid NOT NULL REFERENCES auth.users,
    PRIMARY KEY (conversation_id, user_id)
);
CREATE TABLE public.messages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conversation_id uuid NOT NULL REFERENCES public.conversations,
    sender uuid NOT NULL DEFAULT auth.uid() REFERENCES auth.users,
    body text NOT NULL
);
CREATE TABLE public.follows (
    follower uuid NOT NULL DEFAULT auth.uid() REFERENCES auth.users, followee uuid NOT NULL REFERENCES auth.users,
    PRIMARY KEY (follower, followee)
);
CREATE TABLE public.stars (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id uuid NOT NULL REFERENCES auth.users,
    conversation_id uuid NOT NULL REFERENCES public.conversations, note text, UNIQUE (user_id, conversation_id)
);
CREATE FUNCTION public.has_role(team uuid, roles public.team_role[]) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT EXISTS (
        SELECT FROM public.team_members m
        WHERE m.team_id = team AND m.user_id = (SELECT auth.uid()) AND m.role = ANY (roles)
    )
$$;
CREATE FUNCTION public.takes_part(conversation uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT EXISTS (
        SELECT FROM public.participants p WHERE p.conversation_id = conversation AND p.user_id = (SELECT auth.uid())
    )
$$;

ALTER TABLE public.teams ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.team_members ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.projects ENABLE ROW LEVEL SECURITY;
ALTER TABLE public."rates in %s" ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.old_rates ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.conversations ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.participants ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.messages ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.follows ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.stars ENABLE ROW LEVEL SECURITY;
CREATE POLICY teams ON public.teams FOR SELECT TO authenticated USING (public.has_role(id, '{owner,member}'));
CREATE POLICY team_members ON public.team_members FOR SELECT TO authenticated
    USING (public.has_role(team_id, '{owner,member}'));
CREATE POLICY projects ON public.projects TO authenticated USING (public.has_role(team_id, '{owner,member}'));
CREATE POLICY rates ON public."rates in %s" TO authenticated USING (public.has_role(team_id, '{owner,member}'));
CREATE POLICY old_rates ON public.old_rates TO authenticated USING (public.has_role(team_id, '{owner,member}'));
CREATE POLICY conversations ON public.conversations FOR SELECT TO authenticated USING (public.takes_part(id));
CREATE POLICY participants ON public.participants FOR SELECT TO authenticated
    USING (public.takes_part(conversation_id));
CREATE POLICY messages ON public.messages FOR SELECT TO authenticated USING (public.takes_part(conversation_id));
CREATE POLICY send ON public.messages FOR INSERT TO authenticated
    WITH CHECK (public.takes_part(conversation_id) AND sender = (SELECT auth.uid()));
CREATE POLICY followed ON public.follows FOR SELECT TO authenticated
    USING ((SELECT auth.uid()) IN (follower, followee));
CREATE POLICY follow ON public.follows FOR INSERT TO authenticated WITH CHECK (follower = (SELECT auth.uid()));
CREATE POLICY stars ON public.stars TO authenticated
    USING (user_id = (SELECT auth.uid()) AND public.takes_part(conversation_id));
INSERT INTO storage.buckets (id, name, public) VALUES ('files', 'files', false);
CREATE POLICY files ON storage.objects TO authenticated
    USING (bucket_id = 'files' AND ((storage.foldername(name))[1])::uuid = (SELECT auth.uid()));
REVOKE TRUNCATE ON ALL TABLES IN SCHEMA public FROM anon, authenticated;
