-- No transaction: what comes after the first failure is tried too.
CREATE INDEX CONCURRENTLY IF NOT EXISTS plan_price ON plan (price);
CREATE INDEX CONCURRENTLY plan_places ON plan (places);
ALTER TABLE plan ADD COLUMN IF NOT EXISTS note text;
ALTER TABLE plan ADD CONSTRAINT positive CHECK (places > 0);
