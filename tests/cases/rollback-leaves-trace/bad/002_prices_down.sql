DROP TABLE prices;
ALTER TABLE shops DROP COLUMN currency;
