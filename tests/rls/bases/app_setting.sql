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
CREATE TABLE country (code text PRIMARY KEY, name text NOT NULL);
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
ALTER TABLE ticket ENABLE ROW LEVEL SECURITY;
ALTER TABLE ticket_comment ENABLE ROW LEVEL SECURITY;
CREATE POLICY account ON account FOR SELECT USING (id = nullif(current_setting('app.tenant', true), '')::bigint);
CREATE POLICY ticket ON ticket USING (account_id = nullif(current_setting('app.tenant', true), '')::bigint);
CREATE POLICY ticket_comment ON ticket_comment USING (EXISTS (SELECT 1 FROM ticket t
    WHERE t.id = ticket_id AND t.account_id = nullif(current_setting('app.tenant', true), '')::bigint));
GRANT SELECT ON account, country TO ticket_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ticket, ticket_comment TO ticket_app;
