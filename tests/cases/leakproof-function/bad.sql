CREATE FUNCTION same(a text, b text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE LEAKPROOF
    AS $$ BEGIN RAISE NOTICE '%', a; RETURN a = b; END $$;
