CREATE TABLE public.users (id bigint, email text);
CREATE INDEX users_email ON users (email);
CREATE VIEW people AS SELECT * FROM users;
CREATE TABLE log (id bigint);
CREATE TABLE members (age int CONSTRAINT adult CHECK (age > 17));
