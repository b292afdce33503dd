CREATE FUNCTION auth.tenant_id() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT auth.uid() $$;
GRANT EXECUTE ON FUNCTION auth.tenant_id() TO authenticated;
ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
CREATE TABLE realtime.rooms (id int PRIMARY KEY);
CREATE TABLE public.notes (id int PRIMARY KEY, tenant uuid DEFAULT auth.tenant_id());
ALTER FUNCTION auth.uid() OWNER TO postgres;
ALTER TABLE auth.users ADD COLUMN nickname text;
