CREATE TABLE users (id int PRIMARY KEY, organization_id int, deleted boolean NOT NULL);
INSERT INTO users SELECT n, 1, false FROM generate_series(1, 100) n;
