CREATE TABLE IF NOT EXISTS plans (slug text, price integer);
ALTER TABLE plans ENABLE ROW LEVEL SECURITY;
INSERT INTO plans VALUES ('basic', 5);
