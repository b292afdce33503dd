DROP INDEX CONCURRENTLY IF EXISTS purchase_account;
CREATE INDEX CONCURRENTLY purchase_account ON purchase (account);
