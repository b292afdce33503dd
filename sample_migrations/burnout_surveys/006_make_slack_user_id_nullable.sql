-- A bot token of the OAuth flow belongs to a workspace, not to one Slack user.

ALTER TABLE slack_integrations ALTER COLUMN slack_user_id DROP NOT NULL;

INSERT INTO migrations (name, status)
VALUES ('006_make_slack_user_id_nullable', 'completed')
ON CONFLICT (name) DO UPDATE SET status = excluded.status, applied_at = NOW();
