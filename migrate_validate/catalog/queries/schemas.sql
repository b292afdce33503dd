SELECT
  n.oid,
  n.nspname AS name,
  pg_get_userbyid(n.nspowner) AS owner,
  about.description AS comment
FROM pg_namespace AS n
LEFT JOIN pg_description AS about
  ON about.classoid = 'pg_namespace'::regclass AND about.objoid = n.oid AND about.objsubid = 0
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e'
  )
