CREATE TABLE users (id bigint PRIMARY KEY, org bigint, email text);
CREATE INDEX ON users (org, email);
CREATE INDEX ON users (email);
