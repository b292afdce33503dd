CREATE TABLE teams (id bigint PRIMARY KEY, region bigint, UNIQUE (region, id));
CREATE TABLE members (id bigint PRIMARY KEY, team bigint REFERENCES teams, active boolean);
CREATE INDEX ON members (id, team);
CREATE INDEX ON members (team) WHERE active;
CREATE TABLE places (region bigint, team bigint, FOREIGN KEY (region, team) REFERENCES teams (region, id));
CREATE INDEX ON places (team);
CREATE TABLE events (team bigint REFERENCES teams, at date) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
