CREATE TABLE prices (shop integer NOT NULL REFERENCES shops, price numeric NOT NULL);
CREATE FUNCTION cheapest(shop integer) RETURNS numeric LANGUAGE sql STABLE
    AS 'SELECT min(price) FROM prices WHERE prices.shop = $1';
CREATE SEQUENCE receipt_numbers;
ALTER TABLE shops ADD COLUMN currency text NOT NULL DEFAULT 'EUR';
CREATE INDEX shops_currency_idx ON shops (id, currency);
CREATE INDEX shops_mood_idx ON shops (mood);
