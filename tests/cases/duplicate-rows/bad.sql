CREATE TABLE user_correlations (organization_id int, email text);
INSERT INTO user_correlations VALUES (1, 'a@b.c'), (1, 'A@b.c'), (1, 'x@b.c'), (2, 'd@b.c'), (2, 'd@b.c'), (2, 'd@b.c');
