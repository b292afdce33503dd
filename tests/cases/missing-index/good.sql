CREATE TABLE users (email text, org bigint);
CREATE INDEX users_email ON users (lower(email)) WHERE org IS NOT NULL;
CREATE INDEX users_org ON users (org);
