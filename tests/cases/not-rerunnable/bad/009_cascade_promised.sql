-- Nothing is there to be dropped: it is for the second time.
DROP VIEW IF EXISTS bargains CASCADE;
CREATE VIEW bargains AS SELECT name FROM plan;
ALTER TABLE plan ADD COLUMN bargain boolean;
