SELECT
  p.oid,
  p.pubname AS name,
  pg_get_userbyid(p.pubowner) AS owner,
  p.puballtables AS all_tables,
  array_remove(
    ARRAY[
      CASE WHEN p.pubinsert THEN 'insert' END,
      CASE WHEN p.pubupdate THEN 'update' END,
      CASE WHEN p.pubdelete THEN 'delete' END,
      CASE WHEN p.pubtruncate THEN 'truncate' END
    ],
    NULL
  ) AS publishes,
  p.pubviaroot AS via_root,
  ARRAY(
    SELECT
      n.nspname || '.' || c.relname
        || coalesce(
          ' (' || (
            SELECT string_agg(a.attname, ', ' ORDER BY a.attnum)
            FROM pg_attribute AS a
            WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)
          ) || ')',
          ''
        )
        || coalesce(' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')', '')
    FROM pg_publication_rel AS r
    JOIN pg_class AS c ON c.oid = r.prrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE r.prpubid = p.oid
  ) AS tables,
  ARRAY(
    SELECT n.nspname::text
    FROM pg_publication_namespace AS s
    JOIN pg_namespace AS n ON n.oid = s.pnnspid
    WHERE s.pnpubid = p.oid
  ) AS schemas,
  -- Unqualified on purpose: where pg_publication has no such column (before PostgreSQL 18), the name means older's.
  CASE (SELECT pubgencols FROM pg_publication AS own WHERE own.oid = p.oid) WHEN 's' THEN 'stored' ELSE 'none' END
    AS generated_columns,
  (
    SELECT about.description FROM pg_description AS about
    WHERE about.classoid = 'pg_publication'::regclass AND about.objoid = p.oid AND about.objsubid = 0
  ) AS comment
FROM (SELECT 'n'::"char" AS pubgencols) AS older
CROSS JOIN pg_publication AS p
