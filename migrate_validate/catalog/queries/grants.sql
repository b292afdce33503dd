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
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  UNION ALL
  SELECT 'pg_class', c.oid, a.attname, c.relowner, a.attacl, NULL
  FROM pg_attribute AS a
  JOIN pg_class AS c ON c.oid = a.attrelid
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE a.attacl IS NOT NULL
    AND NOT a.attisdropped
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  UNION ALL
  SELECT
    'pg_proc', p.oid, NULL, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner)), acldefault('f', p.proowner)
  FROM pg_proc AS p
  JOIN pg_namespace AS n ON n.oid = p.pronamespace
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  UNION ALL
  SELECT
    'pg_type', t.oid, NULL, t.typowner, coalesce(t.typacl, acldefault('T', t.typowner)), acldefault('T', t.typowner)
  FROM pg_type AS t
  JOIN pg_namespace AS n ON n.oid = t.typnamespace
  LEFT JOIN pg_class AS c ON c.oid = t.typrelid
  WHERE (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c')
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
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
