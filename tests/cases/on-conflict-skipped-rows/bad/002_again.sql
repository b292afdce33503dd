INSERT INTO plans (slug, price) VALUES ('Basic', 7), ('premium', 20), ('legacy', 1) ON CONFLICT DO NOTHING;
WITH wanted AS (SELECT 'limits' AS name, '{"users": 1000}'::jsonb AS value)
INSERT INTO settings SELECT name, value FROM wanted ON CONFLICT (name) DO NOTHING RETURNING name;
