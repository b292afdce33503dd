-- Guarded, and nobody's: every row is for everybody.
CREATE TABLE words (id bigint PRIMARY KEY, word text NOT NULL);
GRANT SELECT ON words TO mv_case_user;
ALTER TABLE words ENABLE ROW LEVEL SECURITY;
CREATE POLICY words_read ON words FOR SELECT USING (true);
