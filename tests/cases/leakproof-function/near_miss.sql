-- Nobody from outside may execute it.
CREATE FUNCTION same(a text, b text) RETURNS boolean LANGUAGE sql IMMUTABLE LEAKPROOF AS $$ SELECT a = b $$;
REVOKE EXECUTE ON FUNCTION same FROM PUBLIC;
GRANT EXECUTE ON FUNCTION same TO mv_case_service;
