CREATE TABLE notes (id int);
CREATE FUNCTION note_count() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ SELECT count(*) FROM public.notes $$;
REVOKE EXECUTE ON FUNCTION note_count FROM PUBLIC;
