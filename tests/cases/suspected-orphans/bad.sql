CREATE TABLE organizations (id uuid PRIMARY KEY);
CREATE TABLE companies (id bigint PRIMARY KEY);
INSERT INTO organizations VALUES ('00000000-0000-0000-0000-000000000001');
INSERT INTO companies VALUES (1);
CREATE TABLE members (id bigint PRIMARY KEY, organization_id uuid, company_id bigint, companies_id bigint);
INSERT INTO members VALUES
  (1, '00000000-0000-0000-0000-000000000001', 5, 1),
  (2, '00000000-0000-0000-0000-000000000002', NULL, 2);
