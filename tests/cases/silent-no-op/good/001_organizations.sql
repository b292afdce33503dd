CREATE TABLE IF NOT EXISTS organizations (id bigint PRIMARY KEY);
ALTER TABLE organizations ADD COLUMN IF NOT EXISTS name text;
CREATE INDEX IF NOT EXISTS organizations_name ON organizations (name);
CREATE EXTENSION IF NOT EXISTS plpgsql;
CREATE STATISTICS IF NOT EXISTS related ON id, name FROM organizations;
CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA pg_catalog VERSION '2.0';
