-- Rows that do not count: inactive ones, and those of no organization.
CREATE TABLE organizations (id int PRIMARY KEY, active_user_count bigint);
INSERT INTO organizations VALUES (1, 1), (2, 0);
CREATE TABLE users (organization_id int, active boolean);
INSERT INTO users VALUES (1, true), (1, false), (1, NULL), (NULL, true), (2, false);
