CREATE TABLE plans (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, slug text NOT NULL, price integer, active boolean DEFAULT true);
CREATE UNIQUE INDEX plans_slug ON plans (lower(slug)) WHERE active;
CREATE TABLE settings (name text PRIMARY KEY, value jsonb);
INSERT INTO plans (slug, price) VALUES ('basic', 5), ('premium', 20);
INSERT INTO settings VALUES ('limits', '{"users": 40}');
