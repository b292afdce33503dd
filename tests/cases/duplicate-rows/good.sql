CREATE TABLE user_correlations (organization_id int, email text);
INSERT INTO user_correlations VALUES (1, 'a@b.c'), (1, 'b@b.c');
