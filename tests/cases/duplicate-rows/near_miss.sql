-- In another organization, and without an address.
CREATE TABLE user_correlations (organization_id int, email text);
INSERT INTO user_correlations VALUES (1, 'a@b.c'), (2, 'a@b.c'), (1, NULL), (1, NULL);
