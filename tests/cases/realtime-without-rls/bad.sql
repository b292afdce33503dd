CREATE TABLE messages (id int, body text);
CREATE TABLE listed (id int, body text, draft text);
GRANT SELECT ON messages, listed TO mv_case_anon;
CREATE PUBLICATION supabase_realtime FOR TABLE messages, listed (id, body) WHERE (id > 0);
