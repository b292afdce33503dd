-- Each person belongs to one company, which its profile names; managers see the profiles of theirs.
CREATE TABLE public.companies (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE public.profiles (
    id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE,
    company_id uuid REFERENCES public.companies,
    role text NOT NULL DEFAULT 'staff' CHECK (role IN ('staff', 'manager')),
    nickname text
);
CREATE FUNCTION public.handle_new_user() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    INSERT INTO public.profiles (id) VALUES (NEW.id);
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION public.handle_new_user() FROM PUBLIC, anon, authenticated;
CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users
    FOR EACH ROW EXECUTE FUNCTION public.handle_new_user();
CREATE TABLE public.shifts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES public.companies,
    worker uuid NOT NULL REFERENCES public.profiles,
    note text NOT NULL
);
CREATE FUNCTION public.my_company() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT p.company_id FROM public.profiles p WHERE p.id = (SELECT auth.uid())
$$;
CREATE FUNCTION public.managed_company() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT p.company_id FROM public.profiles p WHERE p.id = (SELECT auth.uid()) AND p.role = 'manager'
$$;
REVOKE EXECUTE ON FUNCTION public.my_company(), public.managed_company() FROM PUBLIC, anon;
ALTER TABLE public.companies ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.shifts ENABLE ROW LEVEL SECURITY;
CREATE POLICY companies ON public.companies FOR SELECT TO authenticated USING (id = (SELECT public.my_company()));
CREATE POLICY profiles_read ON public.profiles FOR SELECT TO authenticated
    USING (id = (SELECT auth.uid()) OR company_id = (SELECT public.managed_company()));
CREATE POLICY profiles_change ON public.profiles FOR UPDATE TO authenticated USING (id = (SELECT auth.uid()));
CREATE POLICY shifts_read ON public.shifts FOR SELECT TO authenticated
    USING (worker = (SELECT auth.uid()) OR company_id = (SELECT public.managed_company()));
CREATE POLICY shifts_write ON public.shifts TO authenticated USING (company_id = (SELECT public.managed_company()));
REVOKE TRUNCATE ON ALL TABLES IN SCHEMA public FROM anon, authenticated;
REVOKE INSERT, UPDATE, DELETE ON public.profiles FROM anon, authenticated;
GRANT UPDATE (nickname) ON public.profiles TO authenticated;
