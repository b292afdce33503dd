SELECT
  p.polrelid AS parent,
  p.polname AS name,
  CASE p.polcmd
    WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL'
  END AS command,
  p.polpermissive AS permissive,
  ARRAY(
    SELECT CASE role WHEN 0 THEN 'public' ELSE pg_get_userbyid(role)::text END
    FROM unnest(p.polroles) AS role
  ) AS roles,
  pg_get_expr(p.polqual, p.polrelid) AS using,
  pg_get_expr(p.polwithcheck, p.polrelid) AS check,
  (
    SELECT about.description FROM pg_description AS about
    WHERE about.classoid = 'pg_policy'::regclass AND about.objoid = p.oid AND about.objsubid = 0
  ) AS comment
FROM pg_policy AS p
