INSERT INTO public.notes (id, body) VALUES (1, 'first');
ALTER TABLE auth.users DISABLE TRIGGER ALL;
INSERT INTO auth.users (id, email) VALUES ('11111111-1111-1111-1111-111111111111', 'a@example.org');
DO $$
BEGIN
    INSERT INTO auth.schema_migrations VALUES ('1');
    UPDATE storage.migrations SET hash = '';
END
$$;
