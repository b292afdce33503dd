-- The privileges in force, stored or not. Those that an owner has anyway are left out; one that was taken from an
-- owner stands as "no SELECT".
WITH lists AS (
  SELECT
    'pg_namespace' AS parent_catalog,
    n.oid AS parent,
    NULL::name AS column,
    n.nspowner AS owner,
    coalesce(n.nspacl, acldefault('n', n.nspowner)) AS acl,
    acldefault('n', n.nspowner) AS usual
  FROM pg_namespace AS n
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  UNION ALL
  SELECT
    'pg_class',
    c.oid,
    NULL,
    c.relowner,
    coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner)),
    acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner)
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relacl IS NOT NULL
    AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
    AND c.oid >= 16384 AND n.nspname !~ '^pg_(temp|toast)'
  UNION ALL
  SELECT 'pg_class', c.oid, a.attname, c.relowner, a.attacl, NULL
  FROM pg_attribute AS a
  JOIN pg_class AS c ON c.oid = a.attrelid
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE a.attacl IS NOT NULL
    AND NOT a.attisdropped
    AND c.oid >= 16384 AND n.nspname !~ '^pg_(temp|toast)'
  UNION ALL
  SELECT
    'pg_proc', p.oid, NULL, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner)), acldefault('f', p.proowner)
  FROM pg_proc AS p
  JOIN pg_namespace AS n ON n.oid = p.pronamespace
  WHERE p.oid >= 16384 AND n.nspname !~ '^pg_(temp|toast)'
  UNION ALL
  SELECT
    'pg_type', t.oid, NULL, t.typowner, coalesce(t.typacl, acldefault('T', t.typowner)), acldefault('T', t.typowner)
  FROM pg_type AS t
  JOIN pg_namespace AS n ON n.oid = t.typnamespace
  LEFT JOIN pg_class AS c ON c.oid = t.typrelid
  WHERE (
      t.typtype IN ('e', 'd', 'r')
      OR c.relkind = 'c'
      OR (t.typtype = 'b' AND t.typsubscript <> 'array_subscript_handler'::regproc)
    )
    AND t.oid >= 16384 AND n.nspname !~ '^pg_(temp|toast)'
  UNION ALL
  SELECT
    'pg_foreign_data_wrapper',
    w.oid,
    NULL,
    w.fdwowner,
    coalesce(w.fdwacl, acldefault('F', w.fdwowner)),
    acldefault('F', w.fdwowner)
  FROM pg_foreign_data_wrapper AS w
  UNION ALL
  SELECT
    'pg_foreign_server', s.oid, NULL, s.srvowner, coalesce(s.srvacl, acldefault('S', s.srvowner)), acldefault('S', s.srvowner)
  FROM pg_foreign_server AS s
  UNION ALL
  SELECT
    'pg_language', l.oid, NULL, l.lanowner, coalesce(l.lanacl, acldefault('l', l.lanowner)), acldefault('l', l.lanowner)
  FROM pg_language AS l
  WHERE l.oid >= 16384
  UNION ALL
  SELECT
    'pg_tablespace', t.oid, NULL, t.spcowner, coalesce(t.spcacl, acldefault('t', t.spcowner)), acldefault('t', t.spcowner)
  FROM pg_tablespace AS t
  WHERE t.oid >= 16384
  UNION ALL
  SELECT
    'pg_database', d.oid, NULL, d.datdba, coalesce(d.datacl, acldefault('d', d.datdba)), acldefault('d', d.datdba)
  FROM pg_database AS d
  WHERE d.datname = current_database()
  UNION ALL
  -- In one schema default privileges only add to the usual ones; everywhere they take their place.
  SELECT
    'pg_default_acl',
    d.oid,
    NULL,
    d.defaclrole,
    d.defaclacl,
    CASE d.defaclnamespace
      WHEN 0 THEN acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END::"char", d.defaclrole)
    END
  FROM pg_default_acl AS d
)
SELECT
  l.parent_catalog,
  l.parent,
  l.column,
  CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(g.grantee) END AS grantee,
  g.privilege_type AS privilege,
  g.is_grantable AS grantable,
  pg_get_userbyid(g.grantor) AS grantor
FROM lists AS l
CROSS JOIN LATERAL aclexplode(l.acl) AS g
WHERE g.grantee <> l.owner
  OR l.usual IS NULL
  OR g.is_grantable
UNION ALL
SELECT
  l.parent_catalog,
  l.parent,
  l.column,
  pg_get_userbyid(l.owner),
  'no ' || g.privilege_type,
  false,
  pg_get_userbyid(l.owner)
FROM lists AS l
CROSS JOIN LATERAL aclexplode(l.usual) AS g
WHERE g.grantee = l.owner
  AND NOT EXISTS (
    SELECT FROM aclexplode(l.acl) AS h
    WHERE h.grantee = l.owner AND h.privilege_type = g.privilege_type
  )
