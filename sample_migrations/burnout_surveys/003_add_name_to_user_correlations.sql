-- The name as the integrations show it; filled at once where the correlation is the user's own.

ALTER TABLE user_correlations ADD COLUMN name VARCHAR(255);

-- migrate-validate: ignore backfill-incomplete: the next synchronization brings the names of the others
UPDATE user_correlations AS c
   SET name = u.name
  FROM users AS u
 WHERE u.id = c.user_id
   AND lower(u.email) = lower(c.email)
   AND c.name IS NULL;

INSERT INTO migrations (name, status)
VALUES ('003_add_name_to_user_correlations', 'completed')
ON CONFLICT (name) DO UPDATE SET status = excluded.status, applied_at = NOW();
