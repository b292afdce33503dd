SELECT
  t.oid,
  n.nspname AS schema,
  t.typname AS name,
  ARRAY(
    SELECT e.enumlabel::text FROM pg_enum AS e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder
  ) AS labels,
  pg_get_userbyid(t.typowner) AS owner,
  (
    SELECT about.description FROM pg_description AS about
    WHERE about.classoid = 'pg_type'::regclass AND about.objoid = t.oid AND about.objsubid = 0
  ) AS comment
FROM pg_type AS t
JOIN pg_namespace AS n ON n.oid = t.typnamespace
WHERE t.typtype = 'e'
  AND t.oid >= 16384 AND n.nspname !~ '^pg_(temp|toast)'
  AND NOT EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
  )
