-- In one transaction the second row would have the time of the first.
CREATE TABLE IF NOT EXISTS log (at timestamptz PRIMARY KEY DEFAULT now(), note text);
INSERT INTO log (note) VALUES ('plans were changed');
