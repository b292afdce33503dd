ALTER TABLE users ADD COLUMN email text;
CREATE INDEX users_email ON users (email);
CREATE TABLE IF NOT EXISTS users (id bigint);
CREATE TABLE app.users (id bigint);
