DO $$
DECLARE
    place text;
    made int;
BEGIN
    CREATE TABLE public.kept (id int PRIMARY KEY);
    CREATE TABLE auth.mine (id int);  -- refused
    INSERT INTO public.kept VALUES (1), (2);
    GET DIAGNOSTICS made = ROW_COUNT;
    IF made = 2 THEN CREATE TABLE storage.mine (
        id int
    ); END IF;
    FOREACH place IN ARRAY ARRAY['public', 'realtime', 'auth'] LOOP
        EXECUTE format(
            'CREATE VIEW %I.v AS SELECT 1 AS one', place
        );
    END LOOP;
    BEGIN
        ALTER TABLE auth.users ADD hidden text;
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE NOTICE 'never mind';
    END;
END
$$;
CREATE FUNCTION public.helper(name text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE FUNCTION auth.%I() RETURNS int LANGUAGE sql RETURN 1', name);
    CREATE TABLE auth.more (id int);
    RETURN 1;
END
$$;
CREATE FUNCTION public.on_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.helper('told');
    RETURN NEW;
END
$$;
CREATE TRIGGER on_kept BEFORE UPDATE ON public.kept FOR EACH ROW EXECUTE FUNCTION public.on_kept();
UPDATE public.kept SET id = 3 WHERE id = 1;
CREATE TABLE public.after AS SELECT one, id FROM public.v, public.kept;
