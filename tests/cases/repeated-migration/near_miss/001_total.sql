CREATE TABLE plans (slug text, price integer);
CREATE OR REPLACE FUNCTION total() RETURNS bigint LANGUAGE sql AS $$ SELECT sum(price) FROM plans $$;
UPDATE plans SET price = 5 WHERE price IS NULL;
NOTIFY changed;
