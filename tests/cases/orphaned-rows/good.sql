CREATE TABLE teams (id bigint PRIMARY KEY);
INSERT INTO teams VALUES (1);
CREATE TABLE members (id bigint PRIMARY KEY, team bigint REFERENCES teams);
INSERT INTO members VALUES (1, 1), (2, NULL);
