SELECT
  n.oid,
  n.nspname AS name,
  pg_get_userbyid(n.nspowner) AS owner,
  (
    SELECT about.description FROM pg_description AS about
    WHERE about.classoid = 'pg_namespace'::regclass AND about.objoid = n.oid AND about.objsubid = 0
  ) AS comment
FROM pg_namespace AS n
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e'
  )
