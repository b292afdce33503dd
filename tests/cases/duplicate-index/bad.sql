CREATE TABLE users (id bigint PRIMARY KEY, email text, deleted boolean);
CREATE INDEX users_email ON users (email);
CREATE INDEX users_email_again ON users USING btree (email ASC);
CREATE INDEX users_id ON users (id);
CREATE INDEX users_lower ON users (lower(email)) WHERE NOT deleted;
CREATE INDEX users_lower_too ON users (lower(email)) WHERE NOT deleted;
