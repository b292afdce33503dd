CREATE TABLE IF NOT EXISTS plan (name text PRIMARY KEY, seats int, updated_at timestamptz);
INSERT INTO plan VALUES ('free', 1, now()) ON CONFLICT (name) DO UPDATE SET updated_at = now();
