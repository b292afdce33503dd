CREATE FUNCTION public.me() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT auth.uid() $$;
GRANT EXECUTE ON FUNCTION public.me() TO authenticated;
