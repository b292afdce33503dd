-- Free text beside the score of a survey answer.

ALTER TABLE user_burnout_reports ADD COLUMN personal_circumstances TEXT;

COMMENT ON COLUMN user_burnout_reports.personal_circumstances IS 'Optional, shown to nobody but the author';

INSERT INTO migrations (name, status)
VALUES ('005_add_personal_circumstances_to_reports', 'completed')
ON CONFLICT (name) DO UPDATE SET status = excluded.status, applied_at = NOW();
