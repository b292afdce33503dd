-- What is dropped is there, and takes a view along: it is exchanged as well.
DROP VIEW IF EXISTS offers CASCADE;
CREATE VIEW offers AS SELECT name, places FROM plan;
ALTER TABLE plan ADD COLUMN offered boolean;
