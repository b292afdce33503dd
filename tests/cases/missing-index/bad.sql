CREATE TABLE users (email text, org bigint);
CREATE INDEX users_email ON users (email);
