DROP POLICY "all see all" ON shops;
CREATE POLICY "staff sees all" ON shops FOR SELECT TO mv_case_staff USING (true);
ALTER TABLE shops ALTER COLUMN name DROP DEFAULT, ADD COLUMN currency text NOT NULL DEFAULT 'EUR';
GRANT SELECT (id, name) ON shops TO mv_case_anon;
CREATE TYPE mood AS ENUM ('good', 'bad');
