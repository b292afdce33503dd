-- PostgreSQL 14 publishes whole tables only: no schemas, column lists or row filters.
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
    FROM pg_publication_rel AS r
    JOIN pg_class AS c ON c.oid = r.prrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE r.prpubid = p.oid
  ) AS tables,
  '{}'::text[] AS schemas,
  (
    SELECT about.description FROM pg_description AS about
    WHERE about.classoid = 'pg_publication'::regclass AND about.objoid = p.oid AND about.objsubid = 0
  ) AS comment
FROM pg_publication AS p
