-- Which integrations a correlated person was seen in: a JSON list of rootly_integrations.id.

ALTER TABLE user_correlations ADD COLUMN integration_ids JSON;

-- migrate-validate: ignore backfill-incomplete: null where nobody has connected an integration
UPDATE user_correlations AS c
   SET integration_ids = seen.ids
  FROM (SELECT user_id, json_agg(id ORDER BY id) AS ids FROM rootly_integrations GROUP BY user_id) AS seen
 WHERE seen.user_id = c.user_id
   AND c.integration_ids IS NULL;

INSERT INTO migrations (name, status)
VALUES ('004_add_integration_ids_to_user_correlations', 'completed')
ON CONFLICT (name) DO UPDATE SET status = excluded.status, applied_at = NOW();
