CREATE TABLE members (id bigint PRIMARY KEY);
ALTER TABLE IF EXISTS teams ADD COLUMN name text;
