CREATE INDEX CONCURRENTLY IF NOT EXISTS plan_name_seats ON plan (name, seats);
