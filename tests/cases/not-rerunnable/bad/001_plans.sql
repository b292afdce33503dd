CREATE TABLE IF NOT EXISTS plan (name text PRIMARY KEY, seats int NOT NULL);
CREATE TYPE period AS ENUM ('month', 'year');
CREATE TABLE IF NOT EXISTS subscription (id int PRIMARY KEY, plan text REFERENCES plan, period period);
CREATE INDEX subscription_plan ON subscription (plan);
CREATE INDEX IF NOT EXISTS subscription_period ON subscription (period);
INSERT INTO plan VALUES ('free', 1), ('team', 10) ON CONFLICT DO NOTHING;
CREATE POLICY own ON subscription USING (id = 1);
