CREATE TABLE people (id int PRIMARY KEY, name text);
CREATE TABLE companies (id int PRIMARY KEY, name text);
CREATE TABLE members (
    person_id int NOT NULL REFERENCES people (id), company_id int NOT NULL REFERENCES companies (id),
    PRIMARY KEY (person_id, company_id)
);
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON members FOR SELECT USING (person_id = current_setting('app.person_id')::int);
CREATE TABLE projects (id int PRIMARY KEY, company_id int REFERENCES companies (id), name text);
CREATE TABLE notes (
    id int PRIMARY KEY, company_id int REFERENCES companies (id), author_id int NOT NULL REFERENCES people (id)
);
CREATE TABLE templates (id int PRIMARY KEY, company_id int REFERENCES companies (id));
ALTER TABLE templates ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_all ON templates FOR SELECT USING (company_id IS NULL);
GRANT ALL ON ALL TABLES IN SCHEMA public TO mv_case_user;
