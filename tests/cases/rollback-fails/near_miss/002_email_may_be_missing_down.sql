BEGIN;
UPDATE accounts SET email = 'account ' || id WHERE email IS NULL;
ALTER TABLE accounts ALTER COLUMN email SET NOT NULL;
COMMIT;
