SELECT
  i.indrelid AS parent,
  n.nspname AS schema,
  c.relname AS name,
  tn.nspname || '.' || t.relname AS table,
  pg_get_indexdef(c.oid) AS definition,
  (SELECT am.amname FROM pg_am AS am WHERE am.oid = c.relam) AS method,
  parts.keys,
  parts.key_options,
  parts.include,
  pg_get_expr(i.indpred, i.indrelid) AS predicate,
  i.indisunique AS unique,
  -- Unqualified on purpose: where pg_index has no such column (before PostgreSQL 15), the name means older's.
  (SELECT indnullsnotdistinct FROM pg_index AS own WHERE own.indexrelid = i.indexrelid) AS nulls_not_distinct,
  i.indisvalid AS valid,
  i.indisprimary AS primary,
  con.conname AS constraint,
  (
    SELECT pn.nspname || '.' || p.relname
    FROM pg_inherits AS inh
    JOIN pg_class AS p ON p.oid = inh.inhparent
    JOIN pg_namespace AS pn ON pn.oid = p.relnamespace
    WHERE inh.inhrelid = c.oid
  ) AS parent_index,
  i.indisclustered AS clustered,
  i.indisreplident AS replica_identity,
  c.reloptions AS options,
  (SELECT space.spcname FROM pg_tablespace AS space WHERE space.oid = c.reltablespace) AS tablespace,
  -- The server's own default is -1 before PostgreSQL 17 and null since.
  ARRAY(
    SELECT a.attnum || '=' || a.attstattarget
    FROM pg_attribute AS a
    WHERE a.attrelid = c.oid AND a.attstattarget <> -1
  ) AS statistics_targets,
  (
    SELECT about.description FROM pg_description AS about
    WHERE about.classoid = 'pg_class'::regclass AND about.objoid = c.oid AND about.objsubid = 0
  ) AS comment
FROM (SELECT false AS indnullsnotdistinct) AS older
CROSS JOIN pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_class AS t ON t.oid = i.indrelid
JOIN pg_namespace AS tn ON tn.oid = t.relnamespace
LEFT JOIN pg_constraint AS con ON con.conindid = c.oid AND con.contype IN ('p', 'u', 'x')
CROSS JOIN LATERAL (
  SELECT
    array_agg(name ORDER BY position) FILTER (WHERE position <= i.indnkeyatts) AS keys,
    array_agg(options ORDER BY position) FILTER (WHERE position <= i.indnkeyatts) AS key_options,
    array_agg(name ORDER BY position) FILTER (WHERE position > i.indnkeyatts) AS include
  FROM (
    SELECT
      part.position,
      CASE
        WHEN part.attnum <> 0
          THEN (SELECT a.attname::text FROM pg_attribute AS a WHERE a.attrelid = t.oid AND a.attnum = part.attnum)
        WHEN starts_with(pg_get_indexdef(c.oid, part.position::int, true), '(')
          THEN pg_get_indexdef(c.oid, part.position::int, true)
        ELSE '(' || pg_get_indexdef(c.oid, part.position::int, true) || ')'
      END AS name,
      concat_ws(
        ' ',
        CASE
          WHEN part.sorted_by IS DISTINCT FROM 0 AND part.sorted_by <> (
            SELECT CASE part.attnum WHEN 0 THEN type.typcollation ELSE own.attcollation END
            FROM pg_attribute AS a
            JOIN pg_type AS type ON type.oid = a.atttypid
            LEFT JOIN pg_attribute AS own ON own.attrelid = t.oid AND own.attnum = part.attnum
            WHERE a.attrelid = c.oid AND a.attnum = part.position
          ) THEN 'COLLATE ' || part.sorted_by::regcollation::text
        END,
        (SELECT op.opcname FROM pg_opclass AS op WHERE op.oid = part.opclass AND NOT op.opcdefault),
        CASE part.flags
          WHEN 1 THEN 'DESC NULLS LAST' WHEN 2 THEN 'NULLS FIRST' WHEN 3 THEN 'DESC'
        END
      ) AS options
    FROM unnest(i.indkey::int2[], i.indclass::oid[], i.indcollation::oid[], i.indoption::int2[])
      WITH ORDINALITY AS part (attnum, opclass, sorted_by, flags, position)
  ) AS listed
) AS parts
WHERE c.oid >= 16384 AND n.nspname !~ '^pg_(temp|toast)'
