CREATE TABLE IF NOT EXISTS audit (at timestamptz);
