CREATE TABLE IF NOT EXISTS plan (name text PRIMARY KEY, seats int NOT NULL);
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_type WHERE typname = 'period') THEN
        CREATE TYPE period AS ENUM ('month', 'year');
    END IF;
END $$;
CREATE INDEX IF NOT EXISTS plan_seats ON plan (seats);
DROP POLICY IF EXISTS own ON plan;
CREATE POLICY own ON plan USING (seats = 1);
ALTER TABLE plan DROP CONSTRAINT IF EXISTS positive, ADD CONSTRAINT positive CHECK (seats > 0);
INSERT INTO plan VALUES ('free', 1) ON CONFLICT DO NOTHING;
UPDATE plan SET seats = 2 WHERE name = 'free';
