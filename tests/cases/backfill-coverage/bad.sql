CREATE TABLE users (id int PRIMARY KEY, organization_id int, deleted boolean NOT NULL);
INSERT INTO users SELECT n, nullif(n % 10, 0), false FROM generate_series(1, 100) n;
