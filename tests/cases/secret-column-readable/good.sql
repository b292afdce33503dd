CREATE TABLE accounts (id int, name text, password_hash text);
GRANT SELECT (id, name), UPDATE (password_hash) ON accounts TO mv_case_user;
CREATE TABLE integrations (id int, client_secret text);
