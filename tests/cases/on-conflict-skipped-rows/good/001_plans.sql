CREATE TABLE plans (slug text PRIMARY KEY, price integer);
INSERT INTO plans VALUES ('basic', 5) ON CONFLICT DO NOTHING;
