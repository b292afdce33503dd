CREATE TYPE order_state AS ENUM ('open', 'paid');
ALTER TABLE orders ADD COLUMN state order_state NOT NULL DEFAULT 'open';
