-- Nothing is said of what is there. Which version comes with the server is not the chain's affair.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA public VERSION '2.0';
CREATE EXTENSION IF NOT EXISTS citext VERSION '1.4';
