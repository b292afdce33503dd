CREATE ROLE mv_case_anon;
CREATE ROLE mv_case_staff;
CREATE TABLE shops (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL DEFAULT 'none');
CREATE POLICY "all see all" ON shops FOR SELECT USING (true);
