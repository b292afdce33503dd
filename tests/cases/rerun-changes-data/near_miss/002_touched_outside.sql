UPDATE plan SET updated_at = clock_timestamp();
VACUUM plan;
