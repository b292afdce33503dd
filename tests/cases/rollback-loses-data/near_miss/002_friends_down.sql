DROP TABLE friends;
DROP FUNCTION befriend();
ALTER TABLE people DROP COLUMN friends;
