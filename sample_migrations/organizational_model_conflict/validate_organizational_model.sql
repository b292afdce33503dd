-- =============================================================================
-- Did 20250102_organizational_model.sql do what it should?
--
-- Every query gives one row: the name of the check, PASS or FAIL, and what was
-- seen. Nothing is changed; the last check undoes what it tries.
-- =============================================================================

-- tables exist
SELECT 'tables exist' AS check_name,
       CASE WHEN count(*) = 3 THEN 'PASS' ELSE 'FAIL' END AS status,
       count(*) || ' of 3 tables' AS detail
FROM information_schema.tables
WHERE table_schema = 'public'
  AND table_name IN ('organizations', 'practitioner_assignments', 'organization_invitations');

-- profiles are extended
SELECT 'profiles are extended' AS check_name,
       CASE WHEN count(*) = 7 THEN 'PASS' ELSE 'FAIL' END AS status,
       count(*) || ' of 7 columns' AS detail
FROM information_schema.columns
WHERE table_schema = 'public'
  AND table_name = 'profiles'
  AND column_name IN (
      'organization_id', 'roles', 'is_active', 'last_activity_at', 'archived_at', 'archived_by', 'archive_reason'
  );

-- indexes exist and are valid
SELECT 'indexes exist and are valid' AS check_name,
       CASE WHEN count(*) = 13 AND bool_and(i.indisvalid) THEN 'PASS' ELSE 'FAIL' END AS status,
       count(*) || ' of 13 indexes' AS detail
FROM pg_catalog.pg_index i
WHERE i.indexrelid::regclass::text IN (
    SELECT format('%s', name::regclass)
    FROM unnest(ARRAY[
        'public.profiles_organization_id_idx', 'public.profiles_archived_by_idx', 'public.profiles_roles_idx',
        'public.profiles_last_activity_at_idx', 'public.practitioner_assignments_active_key',
        'public.practitioner_assignments_organization_id_idx', 'public.practitioner_assignments_practitioner_id_idx',
        'public.practitioner_assignments_supervisor_id_idx', 'public.practitioner_assignments_assigned_by_idx',
        'public.organization_invitations_open_key', 'public.organization_invitations_organization_id_idx',
        'public.organization_invitations_invited_by_idx', 'public.organization_invitations_accepted_by_idx'
    ]) AS name
);

-- functions that run as their owner have a fixed search_path
SELECT 'definer functions have a search_path' AS check_name,
       CASE WHEN count(*) = 9 AND bool_and(coalesce(array_to_string(p.proconfig, ',') LIKE '%search_path=%', false))
            THEN 'PASS' ELSE 'FAIL' END AS status,
       count(*) || ' of 9 functions' AS detail
FROM pg_catalog.pg_proc p
WHERE p.pronamespace = 'public'::regnamespace
  AND p.prosecdef
  AND p.proname IN (
      'current_organization_id', 'has_organization_role', 'supervises', 'archive_user', 'reactivate_user',
      'accept_organization_invitation', 'validate_organization_user_limit',
      'update_organization_active_user_count', 'touch_profile_activity'
  );

-- triggers are enabled
SELECT 'triggers are enabled' AS check_name,
       CASE WHEN count(*) = 4 THEN 'PASS' ELSE 'FAIL' END AS status,
       count(*) || ' of 4 triggers' AS detail
FROM pg_catalog.pg_trigger t
WHERE t.tgenabled = 'O'
  AND t.tgname IN (
      'organizations_set_updated_at', 'profiles_validate_user_limit', 'profiles_update_active_user_count',
      'journal_entries_touch_profile_activity'
  );

-- row level security is on
SELECT 'row level security is on' AS check_name,
       CASE WHEN bool_and(c.relrowsecurity) AND count(*) = 6 THEN 'PASS' ELSE 'FAIL' END AS status,
       coalesce(string_agg(c.relname, ', ') FILTER (WHERE NOT c.relrowsecurity), 'all tables') AS detail
FROM pg_catalog.pg_class c
WHERE c.oid IN (
    'public.profiles'::regclass, 'public.sponsor_relationships'::regclass, 'public.journal_entries'::regclass,
    'public.organizations'::regclass, 'public.practitioner_assignments'::regclass,
    'public.organization_invitations'::regclass
);

-- every new table has policies
SELECT 'every new table has policies' AS check_name,
       CASE WHEN count(DISTINCT tablename) = 3 THEN 'PASS' ELSE 'FAIL' END AS status,
       count(*) || ' policies on ' || count(DISTINCT tablename) || ' of 3 tables' AS detail
FROM pg_catalog.pg_policies
WHERE schemaname = 'public'
  AND tablename IN ('organizations', 'practitioner_assignments', 'organization_invitations');

-- anonymous visitors have no access
SELECT 'anonymous visitors have no access' AS check_name,
       CASE WHEN count(*) = 0 THEN 'PASS' ELSE 'FAIL' END AS status,
       coalesce(string_agg(name, ', '), 'no table') AS detail
FROM unnest(ARRAY[
    'public.profiles', 'public.sponsor_relationships', 'public.journal_entries', 'public.organizations',
    'public.practitioner_assignments', 'public.organization_invitations'
]) AS name
WHERE has_table_privilege('anon', name, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE');

-- the default organization exists
SELECT 'the default organization exists' AS check_name,
       CASE WHEN count(*) = 1 THEN 'PASS' ELSE 'FAIL' END AS status,
       count(*) || ' organizations with the slug individual-users' AS detail
FROM public.organizations
WHERE slug = 'individual-users';

-- everybody of before belongs to an organization
SELECT 'everybody of before belongs to an organization' AS check_name,
       CASE WHEN count(*) = 0 THEN 'PASS' ELSE 'FAIL' END AS status,
       count(*) || ' profiles without one' AS detail
FROM public.profiles
WHERE organization_id IS NULL
  AND created_at < (SELECT created_at FROM public.organizations WHERE slug = 'individual-users');

-- every active sponsor became a coach
SELECT 'every active sponsor became a coach' AS check_name,
       CASE WHEN count(*) = 0 THEN 'PASS' ELSE 'FAIL' END AS status,
       count(*) || ' sponsor relationships without an assignment or a role' AS detail
FROM public.sponsor_relationships sr
WHERE sr.status = 'active'
  AND NOT EXISTS (
      SELECT 1
      FROM public.practitioner_assignments pa
      JOIN public.profiles supervisor ON supervisor.id = pa.supervisor_id
      WHERE pa.practitioner_id = sr.practitioner_id
        AND pa.supervisor_id = sr.sponsor_id
        AND 'coach' = ANY (supervisor.roles)
  );

-- active user counts are right
SELECT 'active user counts are right' AS check_name,
       CASE WHEN count(*) = 0 THEN 'PASS' ELSE 'FAIL' END AS status,
       count(*) || ' organizations with a wrong count' AS detail
FROM public.organizations o
WHERE o.active_user_count <> (
    SELECT count(*) FROM public.profiles p WHERE p.organization_id = o.id AND p.is_active
);

-- no organization exceeds its limit
SELECT 'no organization exceeds its limit' AS check_name,
       CASE WHEN count(*) = 0 THEN 'PASS' ELSE 'FAIL' END AS status,
       count(*) || ' organizations over max_users' AS detail
FROM public.organizations
WHERE active_user_count > max_users;

-- assignments stay inside one organization
SELECT 'assignments stay inside one organization' AS check_name,
       CASE WHEN count(*) = 0 THEN 'PASS' ELSE 'FAIL' END AS status,
       count(*) || ' active assignments across organizations' AS detail
FROM public.practitioner_assignments pa
JOIN public.profiles practitioner ON practitioner.id = pa.practitioner_id
JOIN public.profiles supervisor ON supervisor.id = pa.supervisor_id
WHERE pa.active
  AND (practitioner.organization_id IS DISTINCT FROM pa.organization_id
       OR supervisor.organization_id IS DISTINCT FROM pa.organization_id);

-- archiving and reactivating keep the count: tried, then undone by the exception
DO $$
DECLARE
    person uuid;
    organization uuid;
    before integer;
    archived integer;
    reactivated integer;
BEGIN
    SELECT id, organization_id INTO person, organization
    FROM public.profiles
    WHERE is_active AND organization_id IS NOT NULL
    ORDER BY id
    LIMIT 1;
    IF person IS NULL THEN
        RETURN;
    END IF;
    BEGIN
        SELECT active_user_count INTO before FROM public.organizations WHERE id = organization;
        PERFORM public.archive_user(person, 'validation');
        SELECT active_user_count INTO archived FROM public.organizations WHERE id = organization;
        PERFORM public.reactivate_user(person);
        SELECT active_user_count INTO reactivated FROM public.organizations WHERE id = organization;
        RAISE EXCEPTION USING ERRCODE = 'VALID', MESSAGE = 'undo';
    EXCEPTION
        WHEN SQLSTATE 'VALID' THEN
            IF archived <> before - 1 OR reactivated <> before THEN
                RAISE EXCEPTION 'FAIL: active_user_count went from % to % to %', before, archived, reactivated;
            END IF;
    END;
END;
$$;
