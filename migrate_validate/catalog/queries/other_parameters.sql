-- Privileges on configuration parameters.
SELECT
  p.oid,
  'pg_parameter_acl' AS catalog,
  'privileges on parameter' AS kind,
  p.parname AS name,
  NULL AS schema,
  NULL AS owner,
  jsonb_build_object(
    'granted', ARRAY(
      SELECT
        format('%s to %s', g.privilege_type, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(g.grantee) END)
          || CASE WHEN g.is_grantable THEN ' with grant option' ELSE '' END
      FROM aclexplode(p.paracl) AS g
    )
  ) AS properties,
  '{}'::text[] AS part_of,
  NULL AS comment
FROM pg_parameter_acl AS p
