CREATE TABLE IF NOT EXISTS organizations (
    id bigint PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    description text,
    max_users integer NOT NULL DEFAULT 100 CHECK (max_users <= 1000),
    subscription_tier text CHECK (subscription_tier IN ('basic', 'premium', 'legacy')),
    token text NOT NULL DEFAULT 'none',
    parent_id bigint REFERENCES organizations
);
ALTER TABLE organizations
    ADD COLUMN IF NOT EXISTS parent_id bigint NOT NULL REFERENCES public.organizations ON DELETE SET NULL,
    ADD COLUMN IF NOT EXISTS name text;
CREATE UNIQUE INDEX IF NOT EXISTS organizations_token ON organizations (token) WHERE token IS NOT NULL;
CREATE SEQUENCE IF NOT EXISTS invoice_number START 1000 INCREMENT 10;
CREATE MATERIALIZED VIEW IF NOT EXISTS totals AS SELECT 2 AS users;
DO $$ BEGIN
    CREATE TYPE role AS ENUM ('admin', 'coach', 'member');
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'organizations_max_users_check') THEN
        ALTER TABLE organizations ADD CONSTRAINT organizations_max_users_check CHECK (max_users < 50);
    END IF;
END $$;
DO $$ BEGIN
    CREATE DOMAIN slug AS text CHECK (length(VALUE) < 50);
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;
CREATE STATISTICS IF NOT EXISTS organizations_related ON slug, subscription_tier FROM organizations;
CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA extensions VERSION '1.6';
CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA extensions;
CREATE SERVER IF NOT EXISTS elsewhere VERSION '2' FOREIGN DATA WRAPPER nothing OPTIONS (host 'b');
CREATE COLLATION IF NOT EXISTS app."By Bytes" (LC_COLLATE = 'C', LC_CTYPE = 'POSIX');
CREATE FOREIGN TABLE IF NOT EXISTS remote (id bigint, name text) SERVER elsewhere OPTIONS (path '/b');
