-- What is said about objects of any kind: security labels, dependencies on extensions, and privileges on the server's
-- own objects and members of extensions that differ from those that they were made with.
WITH lists AS (
  SELECT
    'pg_class'::regclass AS classoid,
    oid AS objoid,
    0 AS objsubid,
    relacl AS acl,
    -- What initdb grants in information_schema is not among the privileges that it notes as initial.
    acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)
      || CASE
        WHEN relnamespace = 'information_schema'::regnamespace AND relname !~ '^_pg_'
          THEN ARRAY[makeaclitem(0, relowner, 'SELECT', false)]
      END AS usual
  FROM pg_class
  WHERE relacl IS NOT NULL
  UNION ALL
  SELECT 'pg_attribute'::regclass, attrelid, attnum, attacl, NULL
  FROM pg_attribute
  WHERE attacl IS NOT NULL AND NOT attisdropped
  UNION ALL
  SELECT 'pg_proc'::regclass, oid, 0, proacl, acldefault('f', proowner) FROM pg_proc WHERE proacl IS NOT NULL
  UNION ALL
  SELECT 'pg_type'::regclass, oid, 0, typacl, acldefault('T', typowner) FROM pg_type WHERE typacl IS NOT NULL
  UNION ALL
  -- The schema public is read as any other.
  SELECT
    'pg_namespace'::regclass,
    oid,
    0,
    nspacl,
    acldefault('n', nspowner)
      || CASE nspname WHEN 'information_schema' THEN ARRAY[makeaclitem(0, nspowner, 'USAGE', false)] END
  FROM pg_namespace
  WHERE nspacl IS NOT NULL AND nspname <> 'public'
  UNION ALL
  SELECT 'pg_language'::regclass, oid, 0, lanacl, acldefault('l', lanowner) FROM pg_language WHERE lanacl IS NOT NULL
  UNION ALL
  SELECT 'pg_foreign_data_wrapper'::regclass, oid, 0, fdwacl, acldefault('F', fdwowner)
  FROM pg_foreign_data_wrapper
  WHERE fdwacl IS NOT NULL
),
privileges AS (
  SELECT
    -- A column is a part of its table, not an object of a catalog of its own.
    CASE l.classoid WHEN 'pg_attribute'::regclass THEN 'pg_class'::regclass ELSE l.classoid END AS classoid,
    l.objoid,
    l.objsubid,
    l.acl,
    coalesce(i.initprivs, l.usual) AS usual,
    e.extname AS extension
  FROM lists AS l
  LEFT JOIN pg_init_privs AS i
    ON i.objoid = l.objoid AND i.objsubid = l.objsubid
    AND i.classoid = CASE l.classoid WHEN 'pg_attribute'::regclass THEN 'pg_class'::regclass ELSE l.classoid END
  LEFT JOIN pg_depend AS d
    ON d.classid = CASE l.classoid WHEN 'pg_attribute'::regclass THEN 'pg_class'::regclass ELSE l.classoid END
    AND d.objid = l.objoid AND d.deptype = 'e'
  LEFT JOIN pg_extension AS e ON e.oid = d.refobjid
  WHERE l.objoid < 16384 OR e.oid IS NOT NULL
),
others AS (
  SELECT
    p.classoid,
    p.objoid,
    p.objsubid,
    'privileges on ' AS kind,
    '' AS addition,
    jsonb_build_object(
      'granted', ARRAY(SELECT shown.privilege FROM aclexplode(p.acl) AS g, LATERAL (
        SELECT
          format('%s to %s', g.privilege_type, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(g.grantee) END)
            || CASE WHEN g.is_grantable THEN ' with grant option' ELSE '' END AS privilege
      ) AS shown WHERE NOT EXISTS (SELECT FROM aclexplode(p.usual) AS u WHERE u = g)),
      'revoked', ARRAY(SELECT shown.privilege FROM aclexplode(p.usual) AS g, LATERAL (
        SELECT
          format('%s to %s', g.privilege_type, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(g.grantee) END)
            || CASE WHEN g.is_grantable THEN ' with grant option' ELSE '' END AS privilege
      ) AS shown WHERE NOT EXISTS (SELECT FROM aclexplode(p.acl) AS u WHERE u = g))
    ) AS properties,
    CASE WHEN p.extension IS NULL THEN '{}' ELSE ARRAY['extension ' || p.extension] END AS part_of
  FROM privileges AS p
  WHERE NOT (p.acl @> coalesce(p.usual, '{}') AND coalesce(p.usual, '{}') @> p.acl)
  UNION ALL
  SELECT
    l.classoid,
    l.objoid,
    l.objsubid,
    format('security label of %s on ', l.provider),
    '',
    jsonb_build_object('label', l.label),
    '{}'
  FROM (
    SELECT classoid, objoid, objsubid, provider, label FROM pg_seclabel
    UNION ALL
    SELECT classoid, objoid, 0, provider, label
    FROM pg_shseclabel
    WHERE classoid <> 'pg_database'::regclass
      OR objoid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
  ) AS l
  UNION ALL
  SELECT
    d.classid,
    d.objid,
    d.objsubid,
    'dependency of ',
    ' on extension ' || e.extname,
    '{}',
    ARRAY['extension ' || e.extname]
  FROM pg_depend AS d
  JOIN pg_extension AS e ON e.oid = d.refobjid
  WHERE d.deptype = 'x' AND d.refclassid = 'pg_extension'::regclass
)
SELECT
  NULL AS oid,
  NULL AS catalog,
  o.kind || about.type AS kind,
  about.schema,
  about.identity || o.addition AS name,
  NULL AS owner,
  o.properties,
  -- In the words of a difference: all views are views there, and all tables tables.
  o.part_of
    || format(
      '%s %s', regexp_replace(regexp_replace(whole.type, '^materialized ', ''), '^foreign table', 'table'), whole.identity
    ) AS part_of,
  NULL AS comment
FROM others AS o
CROSS JOIN LATERAL pg_identify_object(o.classoid, o.objoid, o.objsubid) AS about
CROSS JOIN LATERAL pg_identify_object(o.classoid, o.objoid, 0) AS whole
