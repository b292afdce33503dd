CREATE DOMAIN word AS text;
CREATE INDEX CONCURRENTLY purchase_total ON purchase (total);
