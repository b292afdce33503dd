DROP TABLE IF EXISTS summary;
CREATE TABLE summary (id int GENERATED ALWAYS AS IDENTITY, name text);
INSERT INTO summary (name) SELECT name FROM plan;
UPDATE plan SET seats = seats WHERE name = 'free';
