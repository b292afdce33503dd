CREATE TABLE IF NOT EXISTS organizations (id bigint PRIMARY KEY);
CREATE SCHEMA IF NOT EXISTS app;
ALTER TABLE public.organizations ADD COLUMN IF NOT EXISTS name text;
CREATE STATISTICS IF NOT EXISTS public.organizations_same ON billing_email, slug FROM organizations;
CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA extensions;
CREATE SERVER IF NOT EXISTS elsewhere FOREIGN DATA WRAPPER nothing OPTIONS (host 'a');
CREATE FOREIGN TABLE IF NOT EXISTS remote (id bigint) SERVER elsewhere OPTIONS (path '/a');
