CREATE TABLE users (id bigint PRIMARY KEY, email text, name text, deleted boolean);
CREATE INDEX ON users (email, name);
CREATE INDEX ON users (name, email);
CREATE INDEX ON users (email DESC);
CREATE INDEX ON users (email text_pattern_ops);
CREATE INDEX ON users (email) WHERE deleted;
CREATE INDEX ON users (email) WHERE NOT deleted;
CREATE INDEX ON users USING hash (email);
