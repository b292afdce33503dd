-- The same values, a key that is not in the index, values that are new each time, and the last word for the file.
ALTER TABLE plans ADD COLUMN token uuid DEFAULT gen_random_uuid(), ADD COLUMN at timestamptz DEFAULT clock_timestamp();
INSERT INTO plans (slug, price, active) VALUES ('basic', 5, true), ('premium', 99, false) ON CONFLICT DO NOTHING;
INSERT INTO plans (slug, price, token, at) VALUES ('premium', 20, gen_random_uuid(), now()) ON CONFLICT DO NOTHING;
INSERT INTO settings VALUES ('limits', '{"users": 1000}') ON CONFLICT (name) DO UPDATE SET value = excluded.value;
INSERT INTO settings SELECT name, value FROM settings ON CONFLICT DO NOTHING;
