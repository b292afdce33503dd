-- What production held before migration 001: 40 users of four companies, two with a public mail address, one
-- correlation for each user and one for a colleague who never logged in.

INSERT INTO users (id, email, name, provider, is_verified, created_at)
SELECT n,
       format('user%s@%s', n, (ARRAY['acme.com', 'globex.io', 'initech.com', 'Umbrella.org'])[1 + n % 4]),
       format('User %s', n),
       (ARRAY['google', 'github'])[1 + n % 2],
       TRUE,
       TIMESTAMPTZ '2025-01-01 09:00+00' + n * INTERVAL '1 day'
  FROM generate_series(1, 40) AS n;

INSERT INTO users (id, email, name, provider, is_verified) VALUES
    (41, 'someone@gmail.com', 'Someone', 'google', TRUE),
    (42, 'trial@outlook.com', 'Trial', 'google', FALSE);

INSERT INTO rootly_integrations (id, user_id, name, api_token, platform, is_default)
SELECT n, n, format('Production %s', n), format('token-%s', n), (ARRAY['rootly', 'pagerduty'])[1 + n % 2], TRUE
  FROM generate_series(1, 8) AS n;

INSERT INTO github_integrations (id, user_id, github_username)
SELECT n, n, format('user-%s', n) FROM generate_series(1, 10) AS n;

INSERT INTO slack_integrations (id, user_id, slack_token, slack_user_id)
SELECT n, n, format('xoxp-%s', n), format('U%s', 1000 + n) FROM generate_series(1, 6) AS n;

INSERT INTO analyses (id, user_id, rootly_integration_id, status, completed_at)
SELECT n, 1 + n % 8, CASE WHEN n % 6 = 0 THEN NULL ELSE 1 + n % 8 END, 'completed', TIMESTAMPTZ '2025-06-01 12:00+00'
  FROM generate_series(1, 24) AS n;

INSERT INTO user_correlations (id, user_id, email, github_username, slack_user_id)
SELECT n, n, email, format('user-%s', n), CASE WHEN n % 3 = 0 THEN format('U%s', 1000 + n) END
  FROM users, LATERAL (SELECT users.id AS n) AS numbered;

INSERT INTO user_correlations (id, user_id, email, github_username)
SELECT 100 + id, id, 'colleague-' || email, NULL FROM users WHERE id <= 40;

SELECT setval(pg_get_serial_sequence(t, 'id'), 1000)
  FROM unnest(ARRAY['users', 'rootly_integrations', 'github_integrations', 'slack_integrations', 'analyses',
                    'user_correlations']) AS t;
