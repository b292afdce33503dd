SELECT
  c.oid,
  n.nspname AS schema,
  c.relname AS name,
  CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' ELSE 'foreign table' END AS kind,
  pg_get_userbyid(c.relowner) AS owner,
  c.relrowsecurity AS row_security,
  c.relforcerowsecurity AS force_row_security,
  CASE WHEN c.relispartition THEN parents.names[1] END AS partition_of,
  coalesce(parents.detach_pending, false) AS detach_pending,
  pg_get_expr(c.relpartbound, c.oid) AS partition_bound,
  CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END AS partition_key,
  CASE WHEN NOT c.relispartition THEN parents.names END AS inherits,
  CASE c.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'permanent' END AS persistence,
  (SELECT am.amname FROM pg_am AS am WHERE am.oid = c.relam) AS access_method,
  (SELECT space.spcname FROM pg_tablespace AS space WHERE space.oid = c.reltablespace) AS tablespace,
  CASE c.relreplident
    WHEN 'd' THEN 'default' WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full' ELSE 'index'
  END AS replica_identity,
  format_type(nullif(c.reloftype, 0), NULL) AS of_type,
  -- Internal triggers are switched by ALTER TABLE ... DISABLE TRIGGER ALL.
  ARRAY(
    SELECT con.conname || ': ' || CASE t.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' ELSE 'always' END
    FROM pg_trigger AS t
    JOIN pg_constraint AS con ON con.oid = t.tgconstraint
    WHERE t.tgrelid = c.oid AND t.tgisinternal AND t.tgenabled <> 'O'
    GROUP BY con.conname, t.tgenabled
  ) AS foreign_key_triggers,
  server.srvname AS server,
  -- A table's own settings, its TOAST table's, and those of a foreign table.
  c.reloptions
    || ARRAY(SELECT 'toast.' || setting FROM unnest(toast.reloptions) AS setting)
    || f.ftoptions AS options,
  (
    SELECT about.description FROM pg_description AS about
    WHERE about.classoid = 'pg_class'::regclass AND about.objoid = c.oid AND about.objsubid = 0
  ) AS comment
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_class AS toast ON toast.oid = c.reltoastrelid
LEFT JOIN pg_foreign_table AS f ON f.ftrelid = c.oid
LEFT JOIN pg_foreign_server AS server ON server.oid = f.ftserver
LEFT JOIN (
  SELECT
    i.inhrelid,
    array_agg(pn.nspname || '.' || p.relname ORDER BY i.inhseqno) AS names,
    bool_or(i.inhdetachpending) AS detach_pending
  FROM pg_inherits AS i
  JOIN pg_class AS p ON p.oid = i.inhparent
  JOIN pg_namespace AS pn ON pn.oid = p.relnamespace
  GROUP BY i.inhrelid
) AS parents ON parents.inhrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'f')
  AND c.relpersistence <> 't'
  AND c.oid >= 16384 AND n.nspname !~ '^pg_(temp|toast)'
  AND NOT EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
