CREATE TABLE users (email text);
CREATE INDEX CONCURRENTLY users_email ON users (email);
