-- The caller's rights; no table; a trigger's; in a schema that nobody enters; only for a role above policies;
-- policies need it for all who call it.
CREATE TABLE notes (id int, owner_name text);
CREATE FUNCTION as_caller() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM notes $$;
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$ SELECT 2 * n $$;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN DELETE FROM public.notes; RETURN NEW; END $$;
CREATE SCHEMA private;
CREATE FUNCTION private.note_count() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ SELECT count(*) FROM public.notes $$;
CREATE FUNCTION for_service() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ SELECT count(*) FROM public.notes $$;
REVOKE EXECUTE ON FUNCTION for_service FROM PUBLIC;
GRANT EXECUTE ON FUNCTION for_service TO mv_case_service;
CREATE FUNCTION own(note int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM public.notes WHERE id = note AND owner_name = session_user) $$;
CREATE TABLE lines (note int);
ALTER TABLE lines ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON lines USING (own(note));
GRANT SELECT ON lines TO mv_case_anon, mv_case_user;
CREATE FUNCTION http_link(path text) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ SELECT 'http://localhost/' || path $$;
CREATE FUNCTION same_link(path text) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ SELECT public.http_link(path) $$;
