-- What people do with the new tables.

INSERT INTO organization_invitations (organization_id, email, invited_by, token, expires_at)
SELECT o.id, 'new.colleague@' || o.domain, u.id, format('invite-%s', o.slug), NOW() + INTERVAL '7 days'
  FROM organizations AS o
  JOIN users AS u ON u.organization_id = o.id AND u.role = 'org_admin';

INSERT INTO slack_workspace_mappings (workspace_id, workspace_name, organization_id, owner_user_id)
SELECT format('T%s', 2000 + o.id), o.name, o.id, u.id
  FROM organizations AS o
  JOIN users AS u ON u.organization_id = o.id AND u.role = 'org_admin';

-- A bot token: no Slack user, which migration 006 made possible.
INSERT INTO slack_integrations (user_id, slack_token, slack_user_id, workspace_id, workspace_name, connection_type)
SELECT owner_user_id, 'xoxb-' || workspace_id, NULL, workspace_id, workspace_name, 'oauth'
  FROM slack_workspace_mappings;

INSERT INTO survey_schedules (organization_id, enabled, send_time, timezone, send_reminder)
SELECT id, TRUE, TIME '09:30', 'Europe/Berlin', id % 2 = 0 FROM organizations;

INSERT INTO user_burnout_reports (user_id, organization_id, slack_user_id, self_reported_score, energy_level,
                                  work_life_balance, workload_level, personal_circumstances)
SELECT c.user_id, c.organization_id, c.slack_user_id, 20 + c.user_id, 'medium', 'good', 'high', NULL
  FROM user_correlations AS c
 WHERE c.slack_user_id IS NOT NULL;

INSERT INTO user_notifications (user_id, title, message, category, action_url, action_label)
SELECT user_id, 'How are you this week?', 'A survey was sent to you in Slack.', 'survey', '/surveys', 'Answer'
  FROM user_burnout_reports;
