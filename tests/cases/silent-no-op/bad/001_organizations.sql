CREATE TABLE organizations (
    id bigint PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    max_users integer NOT NULL DEFAULT 40 CHECK (max_users <= 40),
    subscription_tier text CHECK (subscription_tier IN ('basic', 'premium')),
    token uuid DEFAULT gen_random_uuid(),
    parent_id bigint REFERENCES organizations ON DELETE CASCADE,
    billing_email text
);
INSERT INTO organizations (id, slug) VALUES (1, 'first');
CREATE INDEX organizations_token ON organizations (token);
CREATE SEQUENCE invoice_number;
CREATE TYPE role AS ENUM ('admin', 'member');
CREATE MATERIALIZED VIEW totals AS SELECT 1 AS organizations;
CREATE SCHEMA app;
CREATE DOMAIN slug AS text CHECK (length(VALUE) < 5);
CREATE STATISTICS organizations_related (dependencies) ON slug, max_users FROM organizations;
CREATE STATISTICS organizations_same ON slug, billing_email FROM organizations;
CREATE SCHEMA extensions;
CREATE EXTENSION citext VERSION '1.5';
CREATE EXTENSION hstore WITH SCHEMA extensions;
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing OPTIONS (host 'a');
CREATE COLLATION app."By Bytes" (LOCALE = 'C');
CREATE FOREIGN TABLE remote (id bigint) SERVER elsewhere OPTIONS (path '/a');
