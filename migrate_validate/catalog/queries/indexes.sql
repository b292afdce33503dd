SELECT
  i.indrelid AS parent,
  n.nspname AS schema,
  c.relname AS name,
  tn.nspname || '.' || t.relname AS table,
  pg_get_indexdef(c.oid) AS definition,
  am.amname AS method,
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
  pn.nspname || '.' || p.relname AS parent_index,
  i.indisclustered AS clustered,
  i.indisreplident AS replica_identity,
  c.reloptions AS options,
  about.description AS comment
FROM (SELECT false AS indnullsnotdistinct) AS older
CROSS JOIN pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_class AS t ON t.oid = i.indrelid
JOIN pg_namespace AS tn ON tn.oid = t.relnamespace
JOIN pg_am AS am ON am.oid = c.relam
LEFT JOIN pg_constraint AS con ON con.conindid = c.oid AND con.contype IN ('p', 'u', 'x')
LEFT JOIN pg_inherits AS inh ON inh.inhrelid = c.oid
LEFT JOIN pg_class AS p ON p.oid = inh.inhparent
LEFT JOIN pg_namespace AS pn ON pn.oid = p.relnamespace
LEFT JOIN pg_description AS about
  ON about.classoid = 'pg_class'::regclass AND about.objoid = c.oid AND about.objsubid = 0
CROSS JOIN LATERAL (
  SELECT
    array_agg(name ORDER BY position) FILTER (WHERE is_key) AS keys,
    array_agg(options ORDER BY position) FILTER (WHERE is_key) AS key_options,
    array_agg(name ORDER BY position) FILTER (WHERE NOT is_key) AS include
  FROM (
    SELECT
      part.position,
      part.position <= i.indnkeyatts AS is_key,
      CASE
        WHEN part.attnum <> 0 THEN a.attname::text
        WHEN starts_with(pg_get_indexdef(c.oid, part.position::int, true), '(')
          THEN pg_get_indexdef(c.oid, part.position::int, true)
        ELSE '(' || pg_get_indexdef(c.oid, part.position::int, true) || ')'
      END AS name,
      concat_ws(
        ' ',
        CASE WHEN part.sorted_by <> coalesce(a.attcollation, expression.typcollation)
          THEN 'COLLATE ' || part.sorted_by::regcollation::text
        END,
        CASE WHEN NOT op.opcdefault THEN op.opcname END,
        CASE part.flags
          WHEN 1 THEN 'DESC NULLS LAST' WHEN 2 THEN 'NULLS FIRST' WHEN 3 THEN 'DESC'
        END
      ) AS options
    FROM unnest(i.indkey::int2[], i.indclass::oid[], i.indcollation::oid[], i.indoption::int2[])
      WITH ORDINALITY AS part (attnum, opclass, sorted_by, flags, position)
    LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = part.attnum AND part.attnum <> 0
    LEFT JOIN pg_attribute AS key ON key.attrelid = c.oid AND key.attnum = part.position
    LEFT JOIN pg_type AS expression ON expression.oid = key.atttypid
    LEFT JOIN pg_opclass AS op ON op.oid = part.opclass
  ) AS listed
) AS parts
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
