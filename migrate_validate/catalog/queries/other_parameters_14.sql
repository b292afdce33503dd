-- PostgreSQL 14 has no privileges on configuration parameters.
SELECT WHERE false
