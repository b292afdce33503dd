DROP POLICY "all see all" ON shops;
CREATE POLICY "staff sees all" ON shops FOR SELECT TO mv_case_staff USING (true);
ALTER TABLE shops ALTER COLUMN name DROP DEFAULT;
ALTER TYPE mood ADD VALUE 'mixed';
GRANT SELECT ON shops TO mv_case_anon;
COMMENT ON TABLE shops IS 'shops of all tenants';
