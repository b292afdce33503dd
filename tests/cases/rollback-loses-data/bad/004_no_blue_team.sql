ALTER TABLE teams ADD COLUMN colour text;
