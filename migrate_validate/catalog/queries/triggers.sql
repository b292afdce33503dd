SELECT
  t.tgrelid AS parent,
  t.tgname AS name,
  pg_get_triggerdef(t.oid) AS definition,
  n.nspname || '.' || f.proname AS function,
  CASE t.tgenabled
    WHEN 'O' THEN 'origin' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' ELSE 'always'
  END AS enabled,
  (
    SELECT about.description FROM pg_description AS about
    WHERE about.classoid = 'pg_trigger'::regclass AND about.objoid = t.oid AND about.objsubid = 0
  ) AS comment
FROM pg_trigger AS t
JOIN pg_proc AS f ON f.oid = t.tgfoid
JOIN pg_namespace AS n ON n.oid = f.pronamespace
WHERE NOT t.tgisinternal
