SELECT
  e.oid,
  e.evtname AS name,
  e.evtevent AS event,
  n.nspname || '.' || f.proname AS function,
  CASE e.evtenabled
    WHEN 'O' THEN 'origin' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' ELSE 'always'
  END AS enabled,
  e.evttags AS tags,
  pg_get_userbyid(e.evtowner) AS owner,
  (
    SELECT about.description FROM pg_description AS about
    WHERE about.classoid = 'pg_event_trigger'::regclass AND about.objoid = e.oid AND about.objsubid = 0
  ) AS comment
FROM pg_event_trigger AS e
JOIN pg_proc AS f ON f.oid = e.evtfoid
JOIN pg_namespace AS n ON n.oid = f.pronamespace
WHERE NOT EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = e.oid AND d.deptype = 'e'
  )
