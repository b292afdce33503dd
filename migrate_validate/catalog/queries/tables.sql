SELECT
  c.oid,
  n.nspname AS schema,
  c.relname AS name,
  CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' ELSE 'foreign table' END AS kind,
  pg_get_userbyid(c.relowner) AS owner,
  c.relrowsecurity AS row_security,
  c.relforcerowsecurity AS force_row_security,
  CASE WHEN c.relispartition THEN parents.names[1] END AS partition_of,
  pg_get_expr(c.relpartbound, c.oid) AS partition_bound,
  CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END AS partition_key,
  CASE WHEN NOT c.relispartition THEN parents.names END AS inherits,
  CASE c.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'permanent' END AS persistence,
  am.amname AS access_method,
  space.spcname AS tablespace,
  CASE c.relreplident
    WHEN 'd' THEN 'default' WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full' ELSE 'index'
  END AS replica_identity,
  server.srvname AS server,
  -- A table's own settings, its TOAST table's, and those of a foreign table.
  c.reloptions
    || ARRAY(SELECT 'toast.' || setting FROM unnest(toast.reloptions) AS setting)
    || f.ftoptions AS options,
  about.description AS comment
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_am AS am ON am.oid = c.relam
LEFT JOIN pg_tablespace AS space ON space.oid = c.reltablespace
LEFT JOIN pg_class AS toast ON toast.oid = c.reltoastrelid
LEFT JOIN pg_foreign_table AS f ON f.ftrelid = c.oid
LEFT JOIN pg_foreign_server AS server ON server.oid = f.ftserver
LEFT JOIN (
  SELECT i.inhrelid, array_agg(pn.nspname || '.' || p.relname ORDER BY i.inhseqno) AS names
  FROM pg_inherits AS i
  JOIN pg_class AS p ON p.oid = i.inhparent
  JOIN pg_namespace AS pn ON pn.oid = p.relnamespace
  GROUP BY i.inhrelid
) AS parents ON parents.inhrelid = c.oid
LEFT JOIN pg_description AS about
  ON about.classoid = 'pg_class'::regclass AND about.objoid = c.oid AND about.objsubid = 0
WHERE c.relkind IN ('r', 'p', 'f')
  AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
