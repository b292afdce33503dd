CREATE TABLE users (id bigint PRIMARY KEY, org bigint, email text, UNIQUE (id, org));
CREATE UNIQUE INDEX ON users (org);
CREATE INDEX ON users (org, email);
CREATE INDEX ON users (email) WHERE org IS NOT NULL;
CREATE INDEX ON users (email, org);
