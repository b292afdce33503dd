ALTER TABLE users ADD COLUMN email text;
CREATE INDEX users_email ON users (email);
CREATE TABLE IF NOT EXISTS users (id bigint);
CREATE TABLE app.users (id bigint);
ALTER TABLE members ADD CONSTRAINT adult CHECK (age > 20);
-- Nothing has this name.
ALTER TABLE members ADD CONSTRAINT not_too_old CHECK (age < 120);
