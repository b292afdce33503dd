INSERT INTO plans VALUES ('premium', 20);
