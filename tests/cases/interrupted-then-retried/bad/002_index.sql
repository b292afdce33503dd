CREATE INDEX CONCURRENTLY purchase_account ON purchase (account);
