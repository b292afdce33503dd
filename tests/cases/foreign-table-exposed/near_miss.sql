-- Only to a role above policies; a privilege that no rows can be had through.
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE customers (id int, email text) SERVER elsewhere;
GRANT SELECT ON customers TO mv_case_service;
GRANT TRIGGER ON customers TO mv_case_anon;
