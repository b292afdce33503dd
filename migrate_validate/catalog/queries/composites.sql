SELECT
  t.oid,
  n.nspname AS schema,
  t.typname AS name,
  pg_get_userbyid(t.typowner) AS owner,
  about.description AS comment
FROM pg_type AS t
JOIN pg_class AS c ON c.oid = t.typrelid AND c.relkind = 'c'
JOIN pg_namespace AS n ON n.oid = t.typnamespace
LEFT JOIN pg_description AS about
  ON about.classoid = 'pg_type'::regclass AND about.objoid = t.oid AND about.objsubid = 0
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
  )
