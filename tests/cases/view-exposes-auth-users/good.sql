CREATE SCHEMA auth;
CREATE TABLE auth.users (id uuid PRIMARY KEY, email text);
ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY;
CREATE VIEW people WITH (security_invoker = true) AS SELECT email FROM auth.users;
GRANT SELECT ON people TO mv_case_anon;
