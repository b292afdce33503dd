-- Organizations with members in three roles; everything hangs on the organization.
CREATE TYPE public.member_role AS ENUM ('owner', 'editor', 'viewer');

CREATE TABLE public.profiles (
    id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE,
    display_name text,
    is_admin boolean NOT NULL DEFAULT false
);
CREATE FUNCTION public.handle_new_user() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    INSERT INTO public.profiles (id, display_name) VALUES (NEW.id, NEW.raw_user_meta_data ->> 'full_name');
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION public.handle_new_user() FROM PUBLIC, anon, authenticated;
CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users
    FOR EACH ROW EXECUTE FUNCTION public.handle_new_user();

CREATE TABLE public.plans (id text PRIMARY KEY, label text NOT NULL);
CREATE TABLE public.organizations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    plan text REFERENCES public.plans
);
CREATE TABLE public.organization_members (
    organization_id uuid NOT NULL REFERENCES public.organizations ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    role public.member_role NOT NULL DEFAULT 'viewer',
    PRIMARY KEY (organization_id, user_id)
);
CREATE TABLE public.projects (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL REFERENCES public.organizations ON DELETE CASCADE,
    title text NOT NULL,
    UNIQUE (organization_id, id)
);
CREATE TABLE public.tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id uuid NOT NULL,
    project_id uuid NOT NULL,
    title text NOT NULL,
    FOREIGN KEY (organization_id, project_id) REFERENCES public.projects (organization_id, id) ON DELETE CASCADE
);
CREATE TABLE public.comments (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id bigint NOT NULL REFERENCES public.tasks ON DELETE CASCADE,
    author uuid NOT NULL DEFAULT auth.uid() REFERENCES auth.users,
    body text NOT NULL
);
CREATE TABLE public.activity (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES public.organizations ON DELETE CASCADE,
    detail text NOT NULL
);

ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.plans ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.organization_members ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.projects ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.tasks ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.comments ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.activity ENABLE ROW LEVEL SECURITY;

CREATE FUNCTION public.is_member(org uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT EXISTS (
        SELECT 1 FROM public.organization_members m WHERE m.organization_id = org AND m.user_id = (SELECT auth.uid()))
$$;
CREATE FUNCTION public.has_role(org uuid, VARIADIC wanted text[]) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT EXISTS (
        SELECT 1 FROM public.organization_members m
        WHERE m.organization_id = org AND m.user_id = (SELECT auth.uid()) AND m.role::text = ANY (wanted))
$$;
CREATE FUNCTION public.project_titles(org uuid) RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT p.title FROM public.projects p WHERE p.organization_id = org AND public.is_member(org)
$$;
CREATE FUNCTION public.delete_project(project_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    DELETE FROM public.projects p
    WHERE p.id = delete_project.project_id AND public.has_role(p.organization_id, 'owner');
END $$;
REVOKE EXECUTE ON FUNCTION public.is_member(uuid), public.has_role(uuid, text[]), public.project_titles(uuid),
    public.delete_project(uuid) FROM PUBLIC, anon;

CREATE POLICY profiles_select ON public.profiles FOR SELECT TO authenticated USING (id = (SELECT auth.uid()));
CREATE POLICY profiles_update ON public.profiles FOR UPDATE TO authenticated
    USING (id = (SELECT auth.uid())) WITH CHECK (id = (SELECT auth.uid()));
CREATE POLICY plans_select ON public.plans FOR SELECT TO anon, authenticated USING (true);
CREATE POLICY organizations_select ON public.organizations FOR SELECT TO authenticated USING (public.is_member(id));
CREATE POLICY organizations_update ON public.organizations FOR UPDATE TO authenticated
    USING (public.has_role(id, 'owner')) WITH CHECK (public.has_role(id, 'owner'));
CREATE POLICY members_select ON public.organization_members FOR SELECT TO authenticated
    USING (public.is_member(organization_id));
CREATE POLICY members_insert ON public.organization_members FOR INSERT TO authenticated
    WITH CHECK (public.has_role(organization_id, 'owner'));
CREATE POLICY members_update ON public.organization_members FOR UPDATE TO authenticated
    USING (public.has_role(organization_id, 'owner')) WITH CHECK (public.has_role(organization_id, 'owner'));
CREATE POLICY members_delete ON public.organization_members FOR DELETE TO authenticated
    USING (public.has_role(organization_id, 'owner'));
CREATE POLICY projects_select ON public.projects FOR SELECT TO authenticated
    USING (public.is_member(organization_id));
CREATE POLICY projects_insert ON public.projects FOR INSERT TO authenticated
    WITH CHECK (public.has_role(organization_id, 'owner', 'editor'));
CREATE POLICY projects_update ON public.projects FOR UPDATE TO authenticated
    USING (public.has_role(organization_id, 'owner', 'editor'))
    WITH CHECK (public.has_role(organization_id, 'owner', 'editor'));
CREATE POLICY projects_delete ON public.projects FOR DELETE TO authenticated
    USING (public.has_role(organization_id, 'owner'));
CREATE POLICY tasks_select ON public.tasks FOR SELECT TO authenticated USING (public.is_member(organization_id));
CREATE POLICY tasks_insert ON public.tasks FOR INSERT TO authenticated
    WITH CHECK (public.has_role(organization_id, 'owner', 'editor'));
CREATE POLICY tasks_update ON public.tasks FOR UPDATE TO authenticated
    USING (public.has_role(organization_id, 'owner', 'editor'))
    WITH CHECK (public.has_role(organization_id, 'owner', 'editor'));
CREATE POLICY tasks_delete ON public.tasks FOR DELETE TO authenticated
    USING (public.has_role(organization_id, 'owner', 'editor'));
CREATE POLICY comments_select ON public.comments FOR SELECT TO authenticated
    USING (EXISTS (SELECT 1 FROM public.tasks t WHERE t.id = task_id));
CREATE POLICY comments_insert ON public.comments FOR INSERT TO authenticated
    WITH CHECK (author = (SELECT auth.uid()) AND EXISTS (SELECT 1 FROM public.tasks t WHERE t.id = task_id));
CREATE POLICY comments_update ON public.comments FOR UPDATE TO authenticated
    USING (author = (SELECT auth.uid()))
    WITH CHECK (author = (SELECT auth.uid()) AND EXISTS (SELECT 1 FROM public.tasks t WHERE t.id = task_id));
CREATE POLICY comments_delete ON public.comments FOR DELETE TO authenticated USING (author = (SELECT auth.uid()));
CREATE POLICY activity_select ON public.activity FOR SELECT TO authenticated
    USING (public.is_member(organization_id));
CREATE POLICY activity_service ON public.activity FOR ALL TO service_role USING (true) WITH CHECK (true);

CREATE VIEW public.project_overview WITH (security_invoker = true) AS
    SELECT p.id, p.organization_id, p.title, count(t.id) AS tasks
    FROM public.projects p LEFT JOIN public.tasks t ON t.project_id = p.id GROUP BY p.id;
CREATE MATERIALIZED VIEW public.project_counts AS
    SELECT o.id, o.name, count(p.id) AS projects
    FROM public.organizations o LEFT JOIN public.projects p ON p.organization_id = o.id GROUP BY o.id;

REVOKE ALL ON public.project_counts FROM anon, authenticated;
REVOKE TRUNCATE ON ALL TABLES IN SCHEMA public FROM anon, authenticated;
REVOKE UPDATE ON public.profiles, public.organizations FROM anon, authenticated;
GRANT UPDATE (display_name) ON public.profiles TO authenticated;
GRANT UPDATE (name) ON public.organizations TO authenticated;
