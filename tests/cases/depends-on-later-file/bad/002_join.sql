ALTER TABLE members ADD COLUMN team_id bigint REFERENCES teams;
CREATE INDEX ON members (role);
INSERT INTO nowhere VALUES (1);
