CREATE TABLE teams (id bigint PRIMARY KEY, region bigint, UNIQUE (region, id));
-- In another order, as the first of several, hashed, and without only the NULLs.
CREATE TABLE places (region bigint, team bigint, note text, FOREIGN KEY (region, team) REFERENCES teams (region, id));
CREATE INDEX ON places (team, region, note);
CREATE TABLE members (team bigint REFERENCES teams, "Second Team" bigint REFERENCES teams);
CREATE INDEX ON members USING hash (team);
CREATE INDEX ON members ("Second Team") WHERE "Second Team" IS NOT NULL;
CREATE TABLE events (team bigint REFERENCES teams, at date) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE INDEX ON events (team);
-- A key to a partitioned table is one key, whatever PostgreSQL derives from it for the partitions.
CREATE TABLE parts (id bigint PRIMARY KEY) PARTITION BY LIST (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE uses (part bigint REFERENCES parts);
CREATE INDEX ON uses (part);
