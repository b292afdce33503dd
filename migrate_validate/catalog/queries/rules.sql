SELECT
  r.ev_class AS parent,
  r.rulename AS name,
  pg_get_ruledef(r.oid) AS definition,
  CASE r.ev_enabled
    WHEN 'O' THEN 'origin' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' ELSE 'always'
  END AS enabled,
  (
    SELECT about.description FROM pg_description AS about
    WHERE about.classoid = 'pg_rewrite'::regclass AND about.objoid = r.oid AND about.objsubid = 0
  ) AS comment
FROM pg_rewrite AS r
JOIN pg_class AS c ON c.oid = r.ev_class
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN'
  AND r.oid >= 16384 AND n.nspname !~ '^pg_(temp|toast)'
