CREATE TABLE users (id bigint PRIMARY KEY, org bigint, email text);
CREATE INDEX users_org ON users (org);
CREATE INDEX users_org_email ON users (org, email);
CREATE MATERIALIZED VIEW seen AS SELECT * FROM users;
CREATE INDEX seen_org ON seen (org);
CREATE UNIQUE INDEX seen_org_id ON seen (org, id);
