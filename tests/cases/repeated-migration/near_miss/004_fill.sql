UPDATE plans SET price = 5 WHERE price IS NULL; NOTIFY changed;
