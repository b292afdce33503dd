-- schema: app_setting
-- found: partition-without-rls public.ticket_log_web
CREATE TABLE ticket_log (account_id bigint NOT NULL REFERENCES account, kind text NOT NULL, line text) PARTITION BY LIST (kind);
CREATE TABLE ticket_log_web PARTITION OF ticket_log FOR VALUES IN ('web');
ALTER TABLE ticket_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY ticket_log ON ticket_log USING (account_id = nullif(current_setting('app.tenant', true), '')::bigint);
GRANT SELECT ON ticket_log, ticket_log_web TO ticket_app;
