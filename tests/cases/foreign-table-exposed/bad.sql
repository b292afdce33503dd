CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE customers (id int, email text) SERVER elsewhere;
GRANT SELECT (email) ON customers TO mv_case_staff;
