DROP TABLE log;
CREATE TABLE log (id uuid);
CREATE TABLE people (id bigint);
