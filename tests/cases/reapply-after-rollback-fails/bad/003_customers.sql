CREATE TABLE customers (id integer PRIMARY KEY, code text);
ALTER TABLE orders ADD CONSTRAINT small CHECK (total IS NULL OR total < 1000000) NOT VALID;
DO $$ BEGIN
    IF EXISTS (SELECT FROM orders WHERE total = -1) THEN
        ALTER TABLE customers ADD COLUMN repaired boolean;
    END IF;
END $$;
