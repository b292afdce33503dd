CREATE TABLE former_nicknames AS SELECT id, nickname FROM people WHERE nickname IS NOT NULL;
ALTER TABLE people DROP COLUMN nickname;
