SELECT
  t.oid,
  n.nspname AS schema,
  t.typname AS name,
  format_type(r.rngsubtype, NULL) AS subtype,
  (SELECT multi.typname FROM pg_type AS multi WHERE multi.oid = r.rngmultitypid) AS multirange,
  CASE WHEN r.rngcollation <> subtype.typcollation THEN r.rngcollation::regcollation::text END AS collation,
  CASE WHEN NOT op.opcdefault THEN opn.nspname || '.' || op.opcname END AS operator_class,
  nullif(r.rngcanonical, 0)::regproc::text AS canonical,
  nullif(r.rngsubdiff, 0)::regproc::text AS difference,
  pg_get_userbyid(t.typowner) AS owner,
  (
    SELECT about.description FROM pg_description AS about
    WHERE about.classoid = 'pg_type'::regclass AND about.objoid = t.oid AND about.objsubid = 0
  ) AS comment
FROM pg_range AS r
JOIN pg_type AS t ON t.oid = r.rngtypid
JOIN pg_type AS subtype ON subtype.oid = r.rngsubtype
JOIN pg_opclass AS op ON op.oid = r.rngsubopc
JOIN pg_namespace AS opn ON opn.oid = op.opcnamespace
JOIN pg_namespace AS n ON n.oid = t.typnamespace
WHERE t.oid >= 16384 AND n.nspname !~ '^pg_(temp|toast)'
  AND NOT EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
  )
