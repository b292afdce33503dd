-- Cannot be applied twice, but it is all or nothing.
BEGIN;
CREATE TABLE note (text text);
INSERT INTO note VALUES ('one');
COMMIT;
SET search_path = public;
