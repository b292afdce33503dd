CREATE TABLE IF NOT EXISTS plan (name text PRIMARY KEY, seats int);
INSERT INTO plan VALUES ('free', 1), ('team', 10) ON CONFLICT DO NOTHING;
UPDATE plan SET seats = 15 WHERE name = 'team' AND seats = 10;
