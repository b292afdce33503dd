ALTER TABLE accounts DROP COLUMN state;
DROP VIEW active_accounts;
