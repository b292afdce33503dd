CREATE TABLE users (email text, org bigint);
CREATE UNIQUE INDEX users_email ON public.users USING btree ((lower(email)) ASC) WHERE (org IS NOT NULL);
CREATE INDEX users_org ON users (email);
