CREATE ROLE reader NOLOGIN;
ALTER ROLE anon LOGIN;
GRANT authenticator TO reader;
ALTER ROLE authenticated SET search_path = public;
DO $$
BEGIN
    ALTER ROLE service_role RENAME TO boss;
END
$$;
