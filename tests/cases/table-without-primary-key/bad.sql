CREATE TABLE visits (at timestamptz);
CREATE TABLE badges (code text NOT NULL, number int);
CREATE UNIQUE INDEX badges_code ON badges (code);
CREATE TABLE readings (id bigint, at date) PARTITION BY RANGE (at);
CREATE TABLE readings_2025 PARTITION OF readings FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
