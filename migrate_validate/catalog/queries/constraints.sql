SELECT
  -- A table or a domain; oids of the two may be equal, so the catalog goes with them.
  CASE con.contypid WHEN 0 THEN 'pg_class' ELSE 'pg_type' END AS parent_catalog,
  CASE con.contypid WHEN 0 THEN con.conrelid ELSE con.contypid END AS parent,
  con.conname AS name,
  CASE con.contype
    WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign key'
    WHEN 'c' THEN 'check' WHEN 'x' THEN 'exclusion' ELSE 'not null'
  END AS kind,
  pg_get_constraintdef(con.oid) AS definition,
  ARRAY(
    SELECT a.attname::text
    FROM unnest(con.conkey) WITH ORDINALITY AS key (attnum, position)
    JOIN pg_attribute AS a ON a.attrelid = con.conrelid AND a.attnum = key.attnum
    ORDER BY key.position
  ) AS columns,
  target_schema.nspname || '.' || target.relname AS references,
  ARRAY(
    SELECT a.attname::text
    FROM unnest(con.confkey) WITH ORDINALITY AS key (attnum, position)
    JOIN pg_attribute AS a ON a.attrelid = con.confrelid AND a.attnum = key.attnum
    ORDER BY key.position
  ) AS referenced_columns,
  CASE con.confmatchtype WHEN 's' THEN 'simple' WHEN 'f' THEN 'full' WHEN 'p' THEN 'partial' ELSE '' END AS match,
  CASE con.confdeltype
    WHEN 'a' THEN 'no action' WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade'
    WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default' ELSE ''
  END AS on_delete,
  CASE con.confupdtype
    WHEN 'a' THEN 'no action' WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade'
    WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default' ELSE ''
  END AS on_update,
  con.convalidated AS validated,
  -- Unqualified on purpose: where pg_constraint has no such column (before PostgreSQL 18), the name means older's.
  (SELECT conenforced FROM pg_constraint AS own WHERE own.oid = con.oid) AS enforced,
  con.condeferrable AS deferrable,
  con.condeferred AS deferred,
  con.coninhcount > 0 AS inherited,
  con.conislocal AS local,
  (
    SELECT about.description FROM pg_description AS about
    WHERE about.classoid = 'pg_constraint'::regclass AND about.objoid = con.oid AND about.objsubid = 0
  ) AS comment
FROM (SELECT true AS conenforced) AS older
CROSS JOIN pg_constraint AS con
JOIN pg_namespace AS n ON n.oid = con.connamespace
LEFT JOIN pg_class AS target ON target.oid = con.confrelid
LEFT JOIN pg_namespace AS target_schema ON target_schema.oid = target.relnamespace
WHERE con.contype IN ('p', 'u', 'f', 'c', 'x', 'n')
  -- A not-null constraint says more than "not_null" of its column only in these cases.
  AND (
    con.contype <> 'n'
    OR con.conname !~ '_not_null[0-9]*$'
    OR NOT con.convalidated
    OR con.connoinherit
    OR EXISTS (
      SELECT FROM pg_description AS about
      WHERE about.classoid = 'pg_constraint'::regclass AND about.objoid = con.oid AND about.objsubid = 0
    )
  )
  -- A foreign key to a partitioned table has a hidden twin on the same table for each partition.
  AND NOT EXISTS (
    SELECT FROM pg_constraint AS whole
    WHERE whole.oid = con.conparentid AND whole.conrelid = con.conrelid
  )
  AND con.oid >= 16384 AND n.nspname !~ '^pg_(temp|toast)'
