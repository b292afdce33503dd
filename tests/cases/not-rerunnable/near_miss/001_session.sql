-- What is left of the session would be in the way in the same one, but files get a session each.
CREATE TABLE IF NOT EXISTS plan (name text PRIMARY KEY);
CREATE TEMPORARY TABLE wanted (name text);
INSERT INTO wanted VALUES ('free'), ('team');
PREPARE add_plan (text) AS INSERT INTO plan VALUES ($1) ON CONFLICT DO NOTHING;
EXECUTE add_plan('free');
DECLARE names CURSOR FOR SELECT name FROM wanted;
FETCH ALL FROM names;
INSERT INTO plan SELECT name FROM wanted ON CONFLICT DO NOTHING;
