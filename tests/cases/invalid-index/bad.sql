CREATE TABLE readings (id bigint, at date) PARTITION BY RANGE (at);
CREATE TABLE readings_2025 PARTITION OF readings FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE INDEX readings_at ON ONLY readings (at);
CREATE TABLE users (email text);
CREATE INDEX users_email ON users (email);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'users_email'::regclass;
