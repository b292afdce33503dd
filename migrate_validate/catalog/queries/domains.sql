SELECT
  t.oid,
  n.nspname AS schema,
  t.typname AS name,
  format_type(t.typbasetype, t.typtypmod) AS base_type,
  t.typnotnull AS not_null,
  t.typdefault AS default,
  CASE WHEN t.typcollation <> base.typcollation THEN t.typcollation::regcollation::text END AS collation,
  pg_get_userbyid(t.typowner) AS owner,
  about.description AS comment
FROM pg_type AS t
JOIN pg_type AS base ON base.oid = t.typbasetype
JOIN pg_namespace AS n ON n.oid = t.typnamespace
LEFT JOIN pg_description AS about
  ON about.classoid = 'pg_type'::regclass AND about.objoid = t.oid AND about.objsubid = 0
WHERE t.typtype = 'd'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
  )
