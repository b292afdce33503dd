-- Partitions and their indexes are parts, not more objects.
CREATE TYPE mood AS ENUM ('fine');
CREATE TABLE a (id bigint PRIMARY KEY) PARTITION BY LIST (id);
CREATE TABLE a1 PARTITION OF a FOR VALUES IN (1);
CREATE TABLE a2 PARTITION OF a FOR VALUES IN (2);
CREATE TABLE b (id bigint PRIMARY KEY);
CREATE TABLE c ();
