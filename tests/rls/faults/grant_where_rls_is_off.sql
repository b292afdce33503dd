-- schema: app_setting
-- found: cross-tenant-read public.invoice
CREATE TABLE invoice (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account, total numeric NOT NULL);
GRANT SELECT ON invoice TO ticket_app;
