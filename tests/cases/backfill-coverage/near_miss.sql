-- Exactly 95 %, and NULL where it does not matter.
CREATE TABLE users (id int PRIMARY KEY, organization_id int, deleted boolean NOT NULL);
INSERT INTO users SELECT n, nullif(n % 20, 0), false FROM generate_series(1, 100) n;
INSERT INTO users SELECT n, NULL, true FROM generate_series(101, 200) n;
