CREATE TABLE tenants (id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE notes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL
);
GRANT SELECT ON tenants TO mv_case_user;
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO mv_case_user;
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION tenant() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('app.tenant', true), '')::uuid
$$;
CREATE POLICY tenants_read ON tenants FOR SELECT USING (id = tenant());
CREATE POLICY notes_all ON notes USING (tenant_id = tenant());
