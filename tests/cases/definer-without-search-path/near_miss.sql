-- The caller's rights; nobody may call it; no table that is written to fires it; names that were looked up long ago.
CREATE TABLE notes (body text);
CREATE FUNCTION as_caller() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM notes $$;
CREATE FUNCTION closed() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT count(*) FROM notes $$;
REVOKE EXECUTE ON FUNCTION closed FROM PUBLIC;
CREATE SCHEMA private;
CREATE FUNCTION private.note_count() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT count(*) FROM notes $$;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER stamp BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION stamp();
GRANT SELECT ON notes TO mv_case_anon;
CREATE FUNCTION parsed() RETURNS bigint LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC SELECT count(*) FROM notes; END;
