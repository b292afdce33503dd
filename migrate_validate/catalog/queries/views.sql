SELECT
  c.oid,
  n.nspname AS schema,
  c.relname AS name,
  CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END AS kind,
  pg_get_userbyid(c.relowner) AS owner,
  pg_get_viewdef(c.oid) AS definition,
  c.reloptions AS options,
  c.relispopulated AS populated,
  about.description AS comment
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_description AS about
  ON about.classoid = 'pg_class'::regclass AND about.objoid = c.oid AND about.objsubid = 0
WHERE c.relkind IN ('v', 'm')
  AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
