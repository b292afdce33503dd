SELECT
  t.oid,
  n.nspname AS schema,
  t.typname AS name,
  format_type(t.typbasetype, t.typtypmod) AS base_type,
  t.typnotnull AS not_null,
  t.typdefault AS default,
  CASE WHEN t.typcollation <> base.typcollation THEN t.typcollation::regcollation::text END AS collation,
  pg_get_userbyid(t.typowner) AS owner,
  (
    SELECT about.description FROM pg_description AS about
    WHERE about.classoid = 'pg_type'::regclass AND about.objoid = t.oid AND about.objsubid = 0
  ) AS comment
FROM pg_type AS t
JOIN pg_type AS base ON base.oid = t.typbasetype
JOIN pg_namespace AS n ON n.oid = t.typnamespace
WHERE t.typtype = 'd'
  AND t.oid >= 16384 AND n.nspname !~ '^pg_(temp|toast)'
  AND NOT EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
  )
