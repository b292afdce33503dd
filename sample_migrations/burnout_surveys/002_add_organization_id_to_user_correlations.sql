-- Correlations belong to an organization. Every query of the Slack surveys filters by it, so it must be populated
-- for the rows that exist.
/* migrate-validate: assume name <> '002_add_organization_id_to_user_correlations' on migrations:
   the runner passes over what it has noted */

ALTER TABLE user_correlations ADD COLUMN organization_id INTEGER;

UPDATE user_correlations AS c
   SET organization_id = u.organization_id
  FROM users AS u
 WHERE u.id = c.user_id
   AND c.organization_id IS NULL
   AND u.organization_id IS NOT NULL;

ALTER TABLE user_correlations
    ADD CONSTRAINT fk_user_correlations_organization
    FOREIGN KEY (organization_id) REFERENCES organizations(id);

CREATE INDEX idx_user_correlations_organization_id ON user_correlations(organization_id);
CREATE INDEX idx_user_correlations_org_email ON user_correlations(organization_id, email);
CREATE INDEX idx_user_correlations_org_slack ON user_correlations(organization_id, slack_user_id)
    WHERE slack_user_id IS NOT NULL;

DO $$
DECLARE
    all_rows bigint;
    populated bigint;
BEGIN
    SELECT count(*), count(organization_id) INTO all_rows, populated FROM user_correlations;
    RAISE NOTICE 'user_correlations.organization_id: % of % rows populated', populated, all_rows;
END;
$$;

INSERT INTO migrations (name, status)
VALUES ('002_add_organization_id_to_user_correlations', 'completed')
ON CONFLICT (name) DO UPDATE SET status = excluded.status, applied_at = NOW();
