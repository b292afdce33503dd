-- No tenant of its own; the policy looks at the other table; nobody from outside writes it.
CREATE TABLE people (id int PRIMARY KEY, name text);
CREATE TABLE companies (id int PRIMARY KEY, name text);
CREATE TABLE members (
    person_id int NOT NULL REFERENCES people (id), company_id int NOT NULL REFERENCES companies (id),
    PRIMARY KEY (person_id, company_id)
);
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON members FOR SELECT USING (person_id = current_setting('app.person_id')::int);
CREATE TABLE projects (
    id int PRIMARY KEY, company_id int NOT NULL REFERENCES companies (id), name text
);
CREATE TABLE comments (id int PRIMARY KEY, project_id int NOT NULL REFERENCES projects (id));
CREATE TABLE tasks (
    id int PRIMARY KEY, company_id int NOT NULL REFERENCES companies (id), project_id int REFERENCES projects (id)
);
ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
CREATE POLICY same_company ON tasks
    USING (EXISTS (SELECT FROM projects AS p WHERE p.id = project_id AND p.company_id = tasks.company_id));
GRANT ALL ON comments, tasks TO mv_case_user;
CREATE TABLE invoices (
    id int PRIMARY KEY, company_id int NOT NULL REFERENCES companies (id), project_id int REFERENCES projects (id)
);
GRANT SELECT, UPDATE (company_id) ON invoices TO mv_case_user;
