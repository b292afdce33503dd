-- ON CONFLICT does not speak for the column: only information.
ALTER TABLE plan ADD COLUMN colour text;
INSERT INTO plan VALUES ('tiny', 1) ON CONFLICT DO NOTHING;
