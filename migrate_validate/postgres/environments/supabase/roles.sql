-- The roles of a Supabase project. Roles belong to the whole cluster: one that exists already keeps its attributes and
-- settings, and on a server that is not ours (migrate_validate.ours is off) its memberships too.
CREATE TEMPORARY TABLE made_role (name text PRIMARY KEY) ON COMMIT DROP;

CREATE FUNCTION pg_temp.make_role(name text, attributes text, VARIADIC settings text[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    setting text;
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE ROLE %I %s', name, attributes);
    FOREACH setting IN ARRAY settings LOOP
        EXECUTE format('ALTER ROLE %I SET %s', name, setting);
    END LOOP;
    INSERT INTO pg_temp.made_role VALUES (name);
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- another run on the same server was faster
END
$$;

SELECT pg_temp.make_role('supabase_admin', 'LOGIN SUPERUSER CREATEDB CREATEROLE REPLICATION BYPASSRLS',
                         'search_path = "$user", public, auth, extensions');
SELECT pg_temp.make_role('postgres', 'LOGIN SUPERUSER CREATEDB CREATEROLE REPLICATION BYPASSRLS',
                         'search_path = "$user", public, extensions');
SELECT pg_temp.make_role('anon', 'NOLOGIN INHERIT', 'statement_timeout = ''3s''');
SELECT pg_temp.make_role('authenticated', 'NOLOGIN INHERIT', 'statement_timeout = ''8s''');
SELECT pg_temp.make_role('service_role', 'NOLOGIN INHERIT BYPASSRLS');
SELECT pg_temp.make_role('authenticator', 'LOGIN NOINHERIT', 'statement_timeout = ''8s''', 'lock_timeout = ''8s''');
SELECT pg_temp.make_role('supabase_auth_admin', 'LOGIN NOINHERIT CREATEROLE',
                         'search_path = auth', 'idle_in_transaction_session_timeout = 60000', 'log_statement = none');
SELECT pg_temp.make_role('supabase_storage_admin', 'LOGIN NOINHERIT CREATEROLE',
                         'search_path = storage', 'log_statement = none');
SELECT pg_temp.make_role('supabase_functions_admin', 'LOGIN NOINHERIT CREATEROLE', 'search_path = supabase_functions');
SELECT pg_temp.make_role('supabase_realtime_admin', 'NOLOGIN NOINHERIT');
SELECT pg_temp.make_role('supabase_read_only_user', 'LOGIN BYPASSRLS', 'default_transaction_read_only = on');
SELECT pg_temp.make_role('supabase_replication_admin', 'LOGIN REPLICATION');
SELECT pg_temp.make_role('supabase_etl_admin', 'LOGIN REPLICATION');
SELECT pg_temp.make_role('dashboard_user', 'NOLOGIN CREATEDB CREATEROLE REPLICATION');
SELECT pg_temp.make_role('pgbouncer', 'LOGIN');

CREATE FUNCTION pg_temp.let_in(groups text[], member text, options text DEFAULT '') RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    granted text;
BEGIN
    FOREACH granted IN ARRAY groups LOOP
        -- Membership is a property of the member; that of a role which was made now ends with that role.
        IF current_setting('migrate_validate.ours') = 'on'
           OR EXISTS (SELECT FROM pg_temp.made_role WHERE name IN (granted, member)) THEN
            EXECUTE format('GRANT %I TO %I %s', granted, member, options);
        END IF;
    END LOOP;
END
$$;

SELECT pg_temp.let_in('{anon, authenticated, service_role}', 'authenticator');
SELECT pg_temp.let_in('{authenticator, anon, authenticated, service_role}', 'supabase_storage_admin');
SELECT pg_temp.let_in('{pg_read_all_data}', 'supabase_read_only_user');
SELECT pg_temp.let_in('{pg_read_all_data}', 'supabase_etl_admin');
SELECT pg_temp.let_in('{pg_monitor, pg_read_all_data, pg_signal_backend}', 'postgres');

-- Until PostgreSQL 16 CREATEROLE alone lets postgres hand these roles on; since then it needs the admin option.
SELECT CASE WHEN current_setting('server_version_num')::int >= 160000
    THEN pg_temp.let_in('{anon, authenticated, service_role, authenticator}', 'postgres', 'WITH ADMIN OPTION')
    ELSE pg_temp.let_in('{anon, authenticated, service_role}', 'postgres')
END;
SELECT pg_temp.let_in('{pg_create_subscription}', 'postgres', 'WITH ADMIN OPTION')
WHERE current_setting('server_version_num')::int >= 160000;
