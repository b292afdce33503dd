-- Of people, made by nobody, an address, of another system, within another row, of no tenant, of the tenant itself; written by nobody.
CREATE TABLE people (id int PRIMARY KEY, name text);
CREATE TABLE companies (id int PRIMARY KEY, name text);
CREATE TABLE members (
    person_id int NOT NULL REFERENCES people (id), company_id int NOT NULL REFERENCES companies (id),
    PRIMARY KEY (person_id, company_id)
);
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON members FOR SELECT USING (person_id = current_setting('app.person_id')::int);
CREATE TABLE projects (
    id int PRIMARY KEY, company_id int NOT NULL REFERENCES companies (id), name text,
    slug text UNIQUE, stripe_id text UNIQUE, invite_token text UNIQUE, reference uuid UNIQUE, number int GENERATED ALWAYS AS IDENTITY UNIQUE
);
CREATE TABLE tasks (
    id int PRIMARY KEY, company_id int NOT NULL REFERENCES companies (id), project_id int REFERENCES projects (id),
    name text, UNIQUE (project_id, name)
);
CREATE TABLE profiles (
    person_id int PRIMARY KEY REFERENCES people (id), company_id int NOT NULL REFERENCES companies (id), email text UNIQUE
);
CREATE TABLE colors (id int PRIMARY KEY, name text UNIQUE);
ALTER TABLE companies ADD UNIQUE (name);
GRANT ALL ON ALL TABLES IN SCHEMA public TO mv_case_user;
CREATE TABLE reports (id int PRIMARY KEY, company_id int NOT NULL REFERENCES companies (id), name text UNIQUE);
GRANT SELECT ON reports TO mv_case_user;
