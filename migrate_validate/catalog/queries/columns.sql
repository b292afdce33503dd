SELECT
  -- The relation, or for a composite type the type: what its columns are gathered under.
  CASE c.relkind WHEN 'c' THEN c.reltype ELSE c.oid END AS parent,
  a.attname AS name,
  format_type(a.atttypid, a.atttypmod) AS type,
  a.attnotnull AS not_null,
  pg_get_expr(def.adbin, def.adrelid) AS default,
  CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' ELSE '' END AS identity,
  CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' ELSE '' END AS generated,
  CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END AS collation,
  CASE WHEN a.attstorage <> t.typstorage THEN
    CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'x' THEN 'extended' ELSE 'main' END
  END AS storage,
  CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END AS compression,
  -- The server's own default is -1 before PostgreSQL 17 and null since.
  nullif(a.attstattarget, -1) AS statistics,
  a.attoptions || a.attfdwoptions AS options,
  a.attinhcount > 0 AS inherited,
  a.attislocal AS local,
  (
    SELECT about.description FROM pg_description AS about
    WHERE about.classoid = 'pg_class'::regclass AND about.objoid = c.oid AND about.objsubid = a.attnum
  ) AS comment
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef AS def ON def.adrelid = a.attrelid AND def.adnum = a.attnum
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c')
  AND c.oid >= 16384 AND n.nspname !~ '^pg_(temp|toast)'
ORDER BY c.oid, a.attnum
