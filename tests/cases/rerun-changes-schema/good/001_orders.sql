CREATE TABLE IF NOT EXISTS purchase (id int PRIMARY KEY, amount int);
ALTER TABLE purchase DROP CONSTRAINT IF EXISTS positive;
ALTER TABLE purchase ADD CONSTRAINT positive CHECK (amount > 0);
DROP INDEX IF EXISTS purchase_amount;
CREATE INDEX purchase_amount ON purchase (amount);
CREATE OR REPLACE FUNCTION double(n int) RETURNS int LANGUAGE sql IMMUTABLE RETURN n * 2;
