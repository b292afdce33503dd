-- Values that tell the time, or are drawn, differ in any two runs.
INSERT INTO purchase VALUES (1, 'open') ON CONFLICT DO NOTHING;
VACUUM purchase;
CREATE TABLE IF NOT EXISTS drawn (id uuid DEFAULT gen_random_uuid(), name text UNIQUE);
INSERT INTO drawn (name) VALUES ('one') ON CONFLICT DO NOTHING;
