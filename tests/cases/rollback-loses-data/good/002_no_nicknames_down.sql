ALTER TABLE people ADD COLUMN nickname text;
UPDATE people SET nickname = former.nickname FROM former_nicknames former WHERE former.id = people.id;
DROP TABLE former_nicknames;
