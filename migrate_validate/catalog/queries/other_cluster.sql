-- What belongs to the whole cluster, and the database itself. Passwords are not read.
WITH others AS (
  SELECT
    r.oid,
    'pg_authid' AS catalog,
    'role' AS kind,
    r.rolname::text AS name,
    NULL::text AS owner,
    jsonb_build_object(
      'attributes', array_remove(
        ARRAY[
          CASE WHEN r.rolsuper THEN 'superuser' END,
          CASE WHEN r.rolinherit THEN 'inherit' END,
          CASE WHEN r.rolcreaterole THEN 'createrole' END,
          CASE WHEN r.rolcreatedb THEN 'createdb' END,
          CASE WHEN r.rolcanlogin THEN 'login' END,
          CASE WHEN r.rolreplication THEN 'replication' END,
          CASE WHEN r.rolbypassrls THEN 'bypassrls' END
        ],
        NULL
      ),
      'connection limit', nullif(r.rolconnlimit, -1),
      'valid until', (r.rolvaliduntil AT TIME ZONE 'UTC')::text,
      'settings', (SELECT s.setconfig FROM pg_db_role_setting AS s WHERE s.setrole = r.oid AND s.setdatabase = 0)
    ) AS properties,
    '{}'::text[] AS part_of
  FROM pg_roles AS r
  WHERE r.rolname !~ '^pg_'
  UNION ALL
  SELECT
    NULL,
    'pg_auth_members',
    'membership',
    format(
      '%s in %s by %s', pg_get_userbyid(m.member), pg_get_userbyid(m.roleid), pg_get_userbyid(m.grantor)
    ),
    NULL,
    jsonb_build_object(
      'options', array_remove(
        -- Unqualified on purpose: before PostgreSQL 16 there are no such columns, and the names mean older's.
        (
          SELECT
            ARRAY[
              CASE WHEN m.admin_option THEN 'admin' END,
              CASE WHEN inherit_option THEN 'inherit' END,
              CASE WHEN set_option THEN 'set' END
            ]
          FROM pg_auth_members AS own
          WHERE (own.roleid, own.member, own.grantor) = (m.roleid, m.member, m.grantor)
        ),
        NULL
      )
    ),
    ARRAY['role ' || pg_get_userbyid(m.member), 'role ' || pg_get_userbyid(m.roleid)]
  FROM (SELECT false AS inherit_option, false AS set_option) AS older
  CROSS JOIN pg_auth_members AS m
  WHERE pg_get_userbyid(m.member) !~ '^pg_'
  UNION ALL
  SELECT
    NULL,
    'pg_db_role_setting',
    'settings',
    CASE s.setrole WHEN 0 THEN 'of all roles' ELSE format('of role %s in this database', pg_get_userbyid(s.setrole)) END,
    NULL,
    jsonb_build_object('settings', s.setconfig),
    CASE s.setrole WHEN 0 THEN '{}' ELSE ARRAY['role ' || pg_get_userbyid(s.setrole)] END
  FROM pg_db_role_setting AS s
  JOIN pg_database AS d ON d.datname = current_database()
  WHERE (s.setdatabase = d.oid AND s.setrole <> 0) OR (s.setdatabase = 0 AND s.setrole = 0)
  UNION ALL
  -- Without its name, which differs from run to run.
  SELECT
    d.oid,
    'pg_database',
    'the database',
    '',
    pg_get_userbyid(d.datdba),
    jsonb_build_object(
      'connection limit', nullif(d.datconnlimit, -1),
      'settings', (SELECT s.setconfig FROM pg_db_role_setting AS s WHERE s.setrole = 0 AND s.setdatabase = d.oid)
    ),
    '{}'
  FROM pg_database AS d
  WHERE d.datname = current_database()
  UNION ALL
  SELECT
    t.oid,
    'pg_tablespace',
    'tablespace',
    t.spcname,
    pg_get_userbyid(t.spcowner),
    jsonb_build_object('location', pg_tablespace_location(t.oid), 'options', t.spcoptions),
    '{}'
  FROM pg_tablespace AS t
  WHERE t.oid >= 16384
)
SELECT
  o.oid,
  o.catalog,
  o.kind,
  o.name,
  NULL AS schema,
  o.owner,
  o.properties,
  o.part_of,
  (
    SELECT about.description FROM pg_shdescription AS about
    WHERE about.classoid = o.catalog::regclass AND about.objoid = o.oid
  ) AS comment
FROM others AS o
