CREATE ROLE mv_case_anon;
CREATE ROLE mv_case_staff;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE shops (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL DEFAULT 'none', mood mood);
CREATE INDEX shops_name_idx ON shops (name);
ALTER TABLE shops ENABLE ROW LEVEL SECURITY;
CREATE POLICY "all see all" ON shops FOR SELECT USING (true);
COMMENT ON TABLE shops IS 'where things are sold';
