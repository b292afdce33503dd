CREATE TABLE notes (id int, owner_name text);
CREATE FUNCTION note_count() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ SELECT count(*) FROM public.notes $$;
CREATE FUNCTION remove_note(note int) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    DELETE FROM public.notes WHERE id = note;
END
$$;
REVOKE EXECUTE ON FUNCTION remove_note FROM PUBLIC;
GRANT EXECUTE ON FUNCTION remove_note TO mv_case_anon, mv_case_staff;
CREATE FUNCTION for_users() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ SELECT count(*) FROM public.notes $$;
REVOKE EXECUTE ON FUNCTION for_users FROM PUBLIC;
GRANT EXECUTE ON FUNCTION for_users TO mv_case_user;
CREATE FUNCTION own(note int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM public.notes WHERE id = note AND owner_name = session_user) $$;
CREATE TABLE lines (note int);
ALTER TABLE lines ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON lines USING (own(note));
GRANT SELECT ON lines TO mv_case_anon;
CREATE FUNCTION any_table(name text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    found bigint;
BEGIN
    EXECUTE 'SELECT count(*) FROM ' || name INTO found;
    RETURN found;
END
$$;
CREATE SCHEMA net;
CREATE FUNCTION net.http_get(url text) RETURNS bigint LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION fetched(url text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    answer text;
BEGIN
    SELECT content INTO answer FROM extensions.http(('GET', url, NULL, NULL, NULL)::extensions.http_request);
    RETURN answer;
END
$$;
CREATE FUNCTION queued(path text) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ SELECT net.http_get('http://localhost/' || path) $$;
CREATE FUNCTION api_key() RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    RETURN (SELECT decrypted_secret FROM vault.decrypted_secrets WHERE name = 'api key');
END
$$;
