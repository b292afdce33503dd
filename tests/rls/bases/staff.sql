-- Rows of people, and staff of three kinds: in a table, by a role that most have not, by a claim of the token.
CREATE TABLE public.profiles (id uuid PRIMARY KEY REFERENCES auth.users, name text);
CREATE TABLE public.admins (user_id uuid PRIMARY KEY REFERENCES auth.users);
CREATE TYPE public.app_role AS ENUM ('admin', 'moderator');
CREATE TABLE public.user_roles (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES auth.users,
    role public.app_role NOT NULL,
    UNIQUE (user_id, role)
);
CREATE TABLE public.notes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES auth.users,
    body text NOT NULL
);
CREATE TABLE public.reports (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES auth.users,
    body text NOT NULL
);

CREATE FUNCTION public.is_admin() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT EXISTS (SELECT 1 FROM public.admins a WHERE a.user_id = (SELECT auth.uid()))
$$;
CREATE FUNCTION public.has_role(wanted public.app_role) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT EXISTS (SELECT 1 FROM public.user_roles r WHERE r.user_id = (SELECT auth.uid()) AND r.role = wanted)
$$;
REVOKE EXECUTE ON FUNCTION public.is_admin(), public.has_role(public.app_role) FROM PUBLIC, anon;

ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.admins ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.user_roles ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.reports ENABLE ROW LEVEL SECURITY;
CREATE POLICY profiles ON public.profiles FOR SELECT TO authenticated USING (id = (SELECT auth.uid()));
CREATE POLICY admins ON public.admins FOR SELECT TO authenticated USING (user_id = (SELECT auth.uid()));
CREATE POLICY user_roles ON public.user_roles FOR SELECT TO authenticated USING (user_id = (SELECT auth.uid()));
CREATE POLICY user_roles_admin ON public.user_roles TO authenticated USING (public.is_admin());
CREATE POLICY notes ON public.notes TO authenticated USING (user_id = (SELECT auth.uid()) OR public.is_admin());
CREATE POLICY reports ON public.reports TO authenticated
    USING (user_id = (SELECT auth.uid()) OR public.has_role('moderator'));
CREATE POLICY reports_read ON public.reports FOR SELECT TO authenticated
    USING ((SELECT auth.jwt()) -> 'app_metadata' ->> 'role' = 'admin');
REVOKE TRUNCATE ON ALL TABLES IN SCHEMA public FROM anon, authenticated;
