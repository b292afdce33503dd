CREATE TABLE teams (id bigint PRIMARY KEY);
CREATE TABLE members (id bigint PRIMARY KEY, team bigint REFERENCES teams);
CREATE INDEX ON members (team);
