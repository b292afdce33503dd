-- What connects the database with others.
WITH others AS (
  SELECT
    w.oid,
    'pg_foreign_data_wrapper' AS catalog,
    'foreign data wrapper' AS kind,
    w.fdwname::text AS name,
    pg_get_userbyid(w.fdwowner)::text AS owner,
    jsonb_build_object(
      'handler', nullif(w.fdwhandler, 0)::regproc,
      'validator', nullif(w.fdwvalidator, 0)::regproc,
      'options', w.fdwoptions
    ) AS properties,
    '{}'::text[] AS part_of
  FROM pg_foreign_data_wrapper AS w
  UNION ALL
  SELECT
    s.oid,
    'pg_foreign_server',
    'server',
    s.srvname,
    pg_get_userbyid(s.srvowner),
    jsonb_build_object(
      'foreign data wrapper', w.fdwname, 'type', s.srvtype, 'version', s.srvversion, 'options', s.srvoptions
    ),
    ARRAY['foreign data wrapper ' || w.fdwname]
  FROM pg_foreign_server AS s
  JOIN pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
  UNION ALL
  SELECT
    u.umid,
    'pg_user_mapping',
    'user mapping',
    format('for %s on server %s', u.usename, u.srvname),
    NULL,
    jsonb_build_object('options', u.umoptions),
    ARRAY['role ' || u.usename, 'server ' || u.srvname]
  FROM pg_user_mappings AS u
  UNION ALL
  -- The connection string is for superusers only.
  SELECT
    s.oid,
    'pg_subscription',
    'subscription',
    s.subname,
    pg_get_userbyid(s.subowner),
    -- Unqualified on purpose: what a version does not have yet means older's.
    (
      SELECT
        jsonb_build_object(
          'enabled', s.subenabled,
          'binary', s.subbinary,
          'streaming', s.substream::text,
          'slot', s.subslotname,
          'synchronous commit', s.subsynccommit,
          'publications', s.subpublications,
          'two phase', subtwophasestate,
          'disabled on error', subdisableonerr,
          'password required', subpasswordrequired,
          'run as owner', subrunasowner,
          'origin', suborigin,
          'failover', subfailover
        )
      FROM pg_subscription AS own
      WHERE own.oid = s.oid
    ),
    '{}'
  FROM (
    SELECT
      NULL AS subtwophasestate,
      NULL AS subdisableonerr,
      NULL AS subpasswordrequired,
      NULL AS subrunasowner,
      NULL AS suborigin,
      NULL AS subfailover
  ) AS older
  CROSS JOIN pg_subscription AS s
  JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
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
    SELECT about.description FROM pg_description AS about
    WHERE about.classoid = o.catalog::regclass AND about.objoid = o.oid AND about.objsubid = 0
  ) AS comment
FROM others AS o
WHERE NOT EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = o.catalog::regclass AND d.objid = o.oid AND d.deptype = 'e'
  )
