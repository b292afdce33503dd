CREATE OR REPLACE FUNCTION visible(note bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT note > 0 $$;
DROP POLICY readers ON notes;
CREATE POLICY readers ON notes FOR SELECT TO pg_monitor USING (owner_id = 1);
