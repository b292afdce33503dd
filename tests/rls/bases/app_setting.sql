-- PostgreSQL without Supabase: the application says who asks by SET app.tenant.
CREATE TABLE account (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE ticket (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account,
    subject text NOT NULL
);
CREATE TABLE ticket_comment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id bigint NOT NULL REFERENCES ticket,
    body text NOT NULL
);
CREATE SEQUENCE ticket_number;
CREATE TABLE country (code text PRIMARY KEY, name text NOT NULL);
CREATE TABLE ticket_event (
    account_id bigint NOT NULL REFERENCES account,
    channel text NOT NULL,
    line text NOT NULL
) PARTITION BY LIST (channel);
CREATE TABLE ticket_event_web PARTITION OF ticket_event FOR VALUES IN ('web');
CREATE TABLE ticket_event_mail PARTITION OF ticket_event FOR VALUES IN ('mail', 'fax') PARTITION BY LIST (channel);
CREATE TABLE ticket_event_fax PARTITION OF ticket_event_mail FOR VALUES IN ('fax');
CREATE TABLE ticket_event_rest PARTITION OF ticket_event_mail DEFAULT;
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
ALTER TABLE ticket ENABLE ROW LEVEL SECURITY;
ALTER TABLE ticket_comment ENABLE ROW LEVEL SECURITY;
ALTER TABLE ticket_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE ticket_event_web ENABLE ROW LEVEL SECURITY;
ALTER TABLE ticket_event_mail ENABLE ROW LEVEL SECURITY;
ALTER TABLE ticket_event_fax ENABLE ROW LEVEL SECURITY;
CREATE POLICY account ON account FOR SELECT USING (id = nullif(current_setting('app.tenant', true), '')::bigint);
CREATE POLICY ticket ON ticket USING (account_id = nullif(current_setting('app.tenant', true), '')::bigint);
CREATE POLICY ticket_comment ON ticket_comment USING (EXISTS (SELECT 1 FROM ticket t
    WHERE t.id = ticket_id AND t.account_id = nullif(current_setting('app.tenant', true), '')::bigint));
CREATE POLICY ticket_event ON ticket_event
    USING (account_id = nullif(current_setting('app.tenant', true), '')::bigint);
CREATE POLICY ticket_event_web ON ticket_event_web
    USING (account_id = nullif(current_setting('app.tenant', true), '')::bigint);
CREATE POLICY ticket_event_fax ON ticket_event_fax
    USING (account_id = nullif(current_setting('app.tenant', true), '')::bigint);
GRANT SELECT ON account, country TO ticket_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ticket, ticket_comment, ticket_event, ticket_event_web, ticket_event_mail,
    ticket_event_fax TO ticket_app;
GRANT USAGE ON SEQUENCE ticket_number TO ticket_app;
