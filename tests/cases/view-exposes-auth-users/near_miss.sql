-- The people of the chain's own; for nobody from outside.
CREATE SCHEMA auth;
CREATE TABLE auth.users (id uuid PRIMARY KEY, email text);
ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY;
CREATE TABLE users (id uuid, email text);
CREATE VIEW people AS SELECT email FROM users;
GRANT SELECT ON people TO mv_case_anon;
CREATE VIEW for_support AS SELECT email FROM auth.users;
GRANT SELECT ON for_support TO mv_case_service;
