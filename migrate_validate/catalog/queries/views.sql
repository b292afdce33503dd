SELECT
  c.oid,
  n.nspname AS schema,
  c.relname AS name,
  CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END AS kind,
  pg_get_userbyid(c.relowner) AS owner,
  pg_get_viewdef(c.oid) AS definition,
  c.reloptions
    || ARRAY(
      SELECT 'toast.' || setting
      FROM pg_class AS toast, unnest(toast.reloptions) AS setting
      WHERE toast.oid = c.reltoastrelid
    ) AS options,
  c.relispopulated AS populated,
  (SELECT am.amname FROM pg_am AS am WHERE am.oid = c.relam) AS access_method,
  (SELECT space.spcname FROM pg_tablespace AS space WHERE space.oid = c.reltablespace) AS tablespace,
  (
    SELECT about.description FROM pg_description AS about
    WHERE about.classoid = 'pg_class'::regclass AND about.objoid = c.oid AND about.objsubid = 0
  ) AS comment
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm')
  AND c.relpersistence <> 't'
  AND c.oid >= 16384 AND n.nspname !~ '^pg_(temp|toast)'
  AND NOT EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
