CREATE TABLE organizations (id int PRIMARY KEY, active_user_count int);
INSERT INTO organizations VALUES (1, 2), (2, 1), (3, NULL), (4, 0);
CREATE TABLE users (organization_id int, active boolean);
INSERT INTO users VALUES (1, true), (1, false), (2, true);
