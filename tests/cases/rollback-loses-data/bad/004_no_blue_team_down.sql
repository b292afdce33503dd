ALTER TABLE teams DROP COLUMN colour;
DELETE FROM teams WHERE name = 'blue';
