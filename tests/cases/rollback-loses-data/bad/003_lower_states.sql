UPDATE people SET state = lower(state), updated_at = now();
