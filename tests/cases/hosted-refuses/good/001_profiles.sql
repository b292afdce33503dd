CREATE SCHEMA private;
CREATE TABLE public.profiles (id uuid PRIMARY KEY REFERENCES auth.users (id) ON DELETE CASCADE, name text);
ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.profiles TO authenticated USING ((SELECT auth.uid()) = id);
CREATE FUNCTION private.welcome() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    INSERT INTO public.profiles (id) VALUES (NEW.id);
    RETURN NEW;
END
$$;
CREATE TRIGGER welcome AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION private.welcome();
INSERT INTO auth.users (id, email) VALUES (gen_random_uuid(), 'a@example.org');
INSERT INTO storage.buckets (id, name) VALUES ('avatars', 'avatars');
ALTER PUBLICATION supabase_realtime ADD TABLE public.profiles;
GRANT USAGE ON SCHEMA private TO authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA private GRANT SELECT ON TABLES TO authenticated;
ALTER ROLE authenticated SET statement_timeout = '10s';
CREATE ROLE reporter NOLOGIN;
GRANT anon TO reporter;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON SCHEMAS FROM PUBLIC;
