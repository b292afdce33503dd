-- Takes 002 back. Dropping the column drops its foreign key and the three indexes; they are named all the same, so
-- that the script also works on a database where the column has gone by hand.

ALTER TABLE user_correlations DROP COLUMN IF EXISTS organization_id CASCADE;
DROP INDEX IF EXISTS idx_user_correlations_organization_id;
DROP INDEX IF EXISTS idx_user_correlations_org_email;
DROP INDEX IF EXISTS idx_user_correlations_org_slack;

DELETE FROM migrations WHERE name = '002_add_organization_id_to_user_correlations';
