-- Exactly the least; and row level security hides nothing from the count.
CREATE TABLE plans (id int PRIMARY KEY);
INSERT INTO plans VALUES (1), (2), (3);
ALTER TABLE plans ENABLE ROW LEVEL SECURITY;
CREATE TABLE users (id int) PARTITION BY LIST (id);
CREATE TABLE users_1 PARTITION OF users DEFAULT;
INSERT INTO users VALUES (1), (2), (3);
