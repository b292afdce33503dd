BEGIN;
ALTER TABLE purchase ADD COLUMN total int;
UPDATE purchase SET total = 1;
COMMIT;
BEGIN;
CREATE TABLE summary (total int);
INSERT INTO summary SELECT total FROM purchase;
COMMIT;
