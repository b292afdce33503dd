-- Applied again it succeeds, and keeps the index that was not finished.
SET lock_timeout = '5s';
CREATE INDEX CONCURRENTLY IF NOT EXISTS purchase_state ON purchase (state);
