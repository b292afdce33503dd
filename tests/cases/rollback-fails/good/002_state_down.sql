DROP VIEW active_accounts;
ALTER TABLE accounts DROP COLUMN state;
