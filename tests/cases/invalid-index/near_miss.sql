CREATE TABLE readings (id bigint, at date) PARTITION BY RANGE (at);
CREATE TABLE readings_2025 PARTITION OF readings FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE INDEX readings_at ON ONLY readings (at);
CREATE INDEX readings_2025_at ON readings_2025 (at);
ALTER INDEX readings_at ATTACH PARTITION readings_2025_at;
