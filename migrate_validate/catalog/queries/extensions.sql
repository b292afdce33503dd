SELECT
  e.extname AS name,
  n.nspname AS schema,
  e.extversion AS version,
  about.description AS comment
FROM pg_extension AS e
JOIN pg_namespace AS n ON n.oid = e.extnamespace
LEFT JOIN pg_description AS about
  ON about.classoid = 'pg_extension'::regclass AND about.objoid = e.oid AND about.objsubid = 0
