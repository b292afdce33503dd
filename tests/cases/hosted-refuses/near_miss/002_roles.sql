-- Settings and memberships of the roles of the API are no business of the service's own.
CREATE ROLE editor NOLOGIN;
GRANT editor TO authenticator;
GRANT authenticated TO editor;
ALTER ROLE anon SET statement_timeout = '5s';
ALTER ROLE editor NOINHERIT;
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'anon') THEN
        CREATE ROLE anon NOLOGIN;
    END IF;
    BEGIN
        CREATE TABLE auth.never (id int);
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE NOTICE 'not here';
    END;
    CREATE POLICY mine ON storage.objects USING (true);
    DROP POLICY mine ON storage.objects;
END
$$;
