-- People who are in no company yet; a reference that is no tenant's; reached by nobody.
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
CREATE TABLE tasks (
    id int PRIMARY KEY, company_id int NOT NULL REFERENCES companies (id), project_id int REFERENCES projects (id)
);
CREATE TABLE profiles (person_id int PRIMARY KEY REFERENCES people (id), company_id int REFERENCES companies (id));
GRANT ALL ON ALL TABLES IN SCHEMA public TO mv_case_user;
CREATE TABLE reports (id int PRIMARY KEY, company_id int REFERENCES companies (id));
