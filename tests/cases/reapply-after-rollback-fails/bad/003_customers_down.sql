INSERT INTO orders (total) VALUES (-1);
ALTER TABLE orders DROP CONSTRAINT small;
DROP TABLE customers;
