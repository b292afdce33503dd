SELECT
  e.oid,
  e.extname AS name,
  n.nspname AS schema,
  e.extversion AS version,
  pg_get_userbyid(e.extowner) AS owner,
  (
    SELECT about.description FROM pg_description AS about
    WHERE about.classoid = 'pg_extension'::regclass AND about.objoid = e.oid AND about.objsubid = 0
  ) AS comment
FROM pg_extension AS e
JOIN pg_namespace AS n ON n.oid = e.extnamespace
