alter table concerts alter column starts_at type timestamptz using starts_at at time zone 'UTC';
