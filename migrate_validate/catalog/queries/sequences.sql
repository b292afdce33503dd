SELECT
  c.oid,
  n.nspname AS schema,
  c.relname AS name,
  pg_get_userbyid(c.relowner) AS owner,
  format_type(s.seqtypid, NULL) AS type,
  s.seqstart AS start,
  s.seqincrement AS increment,
  s.seqmin AS minimum,
  s.seqmax AS maximum,
  s.seqcache AS cache,
  s.seqcycle AS cycle,
  tn.nspname || '.' || t.relname || '.' || a.attname AS owned_by,
  coalesce(link.deptype = 'i', false) AS identity,
  CASE c.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'permanent' END AS persistence,
  (
    SELECT about.description FROM pg_description AS about
    WHERE about.classoid = 'pg_class'::regclass AND about.objoid = c.oid AND about.objsubid = 0
  ) AS comment
FROM pg_sequence AS s
JOIN pg_class AS c ON c.oid = s.seqrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
-- Owned by a column (a) or behind an identity column (i).
LEFT JOIN pg_depend AS link
  ON link.classid = 'pg_class'::regclass AND link.objid = c.oid
  AND link.refclassid = 'pg_class'::regclass AND link.refobjsubid > 0 AND link.deptype IN ('a', 'i')
LEFT JOIN pg_class AS t ON t.oid = link.refobjid
LEFT JOIN pg_namespace AS tn ON tn.oid = t.relnamespace
LEFT JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = link.refobjsubid
WHERE c.relpersistence <> 't'
  AND c.oid >= 16384 AND n.nspname !~ '^pg_(temp|toast)'
  AND NOT EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
