-- The questions to ask of the database before and after the merge. Every query gives rows of a name, PASS or FAIL,
-- and what was seen.

-- 1. The organization tables exist
SELECT t.name || ' exists' AS check_name,
       CASE WHEN to_regclass('public.' || t.name) IS NULL THEN 'FAIL' ELSE 'PASS' END AS status,
       coalesce(to_regclass('public.' || t.name)::text, 'missing') AS details
  FROM (VALUES ('organizations'), ('organization_invitations'), ('user_notifications'), ('user_burnout_reports'),
               ('slack_workspace_mappings'), ('survey_schedules')) AS t(name);

-- 2. The columns of users
SELECT 'users.' || want.name AS check_name,
       CASE WHEN have.data_type = want.data_type THEN 'PASS' ELSE 'FAIL' END AS status,
       coalesce(have.data_type, 'missing') AS details
  FROM (VALUES ('organization_id', 'integer'), ('role', 'character varying'), ('status', 'character varying'),
               ('joined_org_at', 'timestamp with time zone')) AS want(name, data_type)
  LEFT JOIN information_schema.columns AS have
    ON have.table_schema = 'public' AND have.table_name = 'users' AND have.column_name = want.name
 ORDER BY 1;

-- 3. The columns of user_correlations
SELECT 'user_correlations.' || want.name AS check_name,
       CASE WHEN have.data_type = want.data_type THEN 'PASS' ELSE 'FAIL' END AS status,
       coalesce(have.data_type, 'missing') AS details
  FROM (VALUES ('organization_id', 'integer'), ('name', 'character varying'), ('integration_ids', 'json'))
       AS want(name, data_type)
  LEFT JOIN information_schema.columns AS have
    ON have.table_schema = 'public' AND have.table_name = 'user_correlations' AND have.column_name = want.name
 ORDER BY 1;

-- 4. The columns of analyses
SELECT 'analyses.' || want.name AS check_name,
       CASE WHEN have.data_type = want.data_type THEN 'PASS' ELSE 'FAIL' END AS status,
       coalesce(have.data_type, 'missing') AS details
  FROM (VALUES ('organization_id', 'integer'), ('integration_name', 'character varying'),
               ('platform', 'character varying')) AS want(name, data_type)
  LEFT JOIN information_schema.columns AS have
    ON have.table_schema = 'public' AND have.table_name = 'analyses' AND have.column_name = want.name
 ORDER BY 1;

-- 5. The runner has recorded every migration as completed
SELECT 'migration ' || want.name AS check_name,
       CASE WHEN have.status = 'completed' THEN 'PASS' ELSE 'FAIL' END AS status,
       coalesce(have.status, 'not recorded') AS details
  FROM (VALUES ('001_add_integration_fields_to_analyses'), ('001b_create_organizations_tables'),
               ('002_add_organization_id_to_user_correlations'), ('003_add_name_to_user_correlations'),
               ('004_add_integration_ids_to_user_correlations'), ('005_add_personal_circumstances_to_reports'),
               ('006_make_slack_user_id_nullable')) AS want(name)
  LEFT JOIN migrations AS have ON have.name = want.name;

-- 6. Users and correlations have an organization
SELECT 'users have an organization' AS check_name,
       CASE WHEN count(organization_id) >= 0.95 * count(*) THEN 'PASS' ELSE 'FAIL' END AS status,
       format('%s of %s', count(organization_id), count(*)) AS details
  FROM users
UNION ALL
SELECT 'correlations have an organization',
       CASE WHEN count(organization_id) >= 0.95 * count(*) THEN 'PASS' ELSE 'FAIL' END,
       format('%s of %s', count(organization_id), count(*))
  FROM user_correlations;

-- 7. A correlation has the organization of its user
SELECT 'correlations agree with their users' AS check_name,
       CASE WHEN count(*) = 0 THEN 'PASS' ELSE 'FAIL' END AS status,
       format('%s disagree', count(*)) AS details
  FROM user_correlations AS c
  JOIN users AS u ON u.id = c.user_id
 WHERE c.organization_id IS DISTINCT FROM u.organization_id;

-- 8. No person twice in one organization
SELECT 'no duplicate correlations' AS check_name,
       CASE WHEN count(*) = 0 THEN 'PASS' ELSE 'FAIL' END AS status,
       format('%s addresses more than once', count(*)) AS details
  FROM (SELECT FROM user_correlations WHERE organization_id IS NOT NULL
         GROUP BY organization_id, lower(email) HAVING count(*) > 1) AS duplicate;

-- 9. Slack integrations need no Slack user
SELECT 'slack_integrations.slack_user_id is nullable' AS check_name,
       CASE WHEN is_nullable = 'YES' THEN 'PASS' ELSE 'FAIL' END AS status,
       is_nullable AS details
  FROM information_schema.columns
 WHERE table_schema = 'public' AND table_name = 'slack_integrations' AND column_name = 'slack_user_id';
