-- To a role above policies; in a schema that nobody enters.
CREATE TABLE a (id int);
GRANT TRUNCATE ON a TO mv_case_service;
CREATE SCHEMA private;
CREATE TABLE private.a (id int);
GRANT TRUNCATE ON private.a TO mv_case_anon;
