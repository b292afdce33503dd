-- PostgreSQL refuses all of this to a role that is no superuser; the service carries it out.
CREATE POLICY pictures ON storage.objects FOR SELECT TO authenticated USING (bucket_id = 'avatars');
ALTER POLICY pictures ON storage.objects USING (bucket_id = 'pictures');
DROP POLICY pictures ON storage.objects;
DO $$
BEGIN
    CREATE POLICY talk ON realtime.messages FOR SELECT TO authenticated USING (realtime.topic() = 'room');
END
$$;
SET session_replication_role = replica;
SET session_replication_role = origin;
CREATE FUNCTION public.told() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE EVENT TRIGGER told ON ddl_command_end EXECUTE FUNCTION public.told();
DROP EVENT TRIGGER told;
CREATE PUBLICATION everything FOR ALL TABLES;
CREATE ROLE importer BYPASSRLS;
ALTER ROLE authenticator SET pgrst.db_schemas = 'public, api';
ALTER DATABASE postgres SET statement_timeout = '60s';
GRANT CONNECT ON DATABASE postgres TO importer;
