CREATE TABLE messages (id int, body text);
ALTER TABLE messages ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON messages TO mv_case_anon;
CREATE PUBLICATION supabase_realtime FOR TABLE messages;
