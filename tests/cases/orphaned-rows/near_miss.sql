CREATE TABLE teams (id bigint PRIMARY KEY, region text, UNIQUE (region, id));
INSERT INTO teams VALUES (1, 'north');
CREATE TABLE places (region text, team bigint, FOREIGN KEY (region, team) REFERENCES teams (region, id));
INSERT INTO places VALUES ('nowhere', NULL), (NULL, 99), (NULL, NULL), ('north', 1);
CREATE TABLE full_places (region text, team bigint, FOREIGN KEY (region, team) REFERENCES teams (region, id) MATCH FULL);
INSERT INTO full_places VALUES (NULL, NULL), ('north', 1);
-- A foreign key does not bind the children of plain inheritance.
CREATE TABLE "Members" ("Team" bigint REFERENCES teams);
CREATE TABLE guests () INHERITS ("Members");
INSERT INTO guests VALUES (99);
CREATE TABLE parts (id bigint PRIMARY KEY) PARTITION BY LIST (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2);
INSERT INTO parts VALUES (1), (2);
CREATE TABLE uses (part bigint REFERENCES parts);
INSERT INTO uses VALUES (1), (2);
