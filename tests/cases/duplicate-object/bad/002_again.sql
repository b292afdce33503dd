DROP TABLE log;
CREATE TABLE log (id uuid);
CREATE TABLE people (id bigint);
-- What a block or a function has dropped, or another table has taken along, is free.
DO $$ BEGIN EXECUTE 'DROP TABLE in_block'; END $$;
CREATE TABLE in_block (id uuid);
SELECT forget('in_' || 'function');
CREATE TABLE in_function (id uuid);
DROP TABLE whole;
CREATE TABLE whole (id uuid);
CREATE INDEX whole_id ON whole (id);
