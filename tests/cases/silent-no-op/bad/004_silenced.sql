-- Nothing is said of what is there.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plpgsql VERSION '2.0';
