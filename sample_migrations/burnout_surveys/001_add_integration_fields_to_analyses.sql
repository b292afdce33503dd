-- An analysis remembers which integration it was made with, even after that integration has been removed.

ALTER TABLE analyses ADD COLUMN integration_name VARCHAR(255);
ALTER TABLE analyses ADD COLUMN platform VARCHAR(50);

-- migrate-validate: ignore backfill-incomplete: null where the integration had been removed before
UPDATE analyses AS a
   SET integration_name = i.name,
       platform = i.platform
  FROM rootly_integrations AS i
 WHERE i.id = a.rootly_integration_id
   AND a.integration_name IS NULL;

COMMENT ON COLUMN analyses.platform IS 'rootly or pagerduty; null where the integration had been removed already';

INSERT INTO migrations (name, status)
VALUES ('001_add_integration_fields_to_analyses', 'completed')
ON CONFLICT (name) DO UPDATE SET status = excluded.status, applied_at = NOW();
