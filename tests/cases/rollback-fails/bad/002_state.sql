ALTER TABLE accounts ADD COLUMN state text NOT NULL DEFAULT 'active';
CREATE VIEW active_accounts AS SELECT id, email FROM accounts WHERE state = 'active';
