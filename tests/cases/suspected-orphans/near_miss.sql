CREATE TABLE organizations (id uuid PRIMARY KEY);
INSERT INTO organizations VALUES ('00000000-0000-0000-0000-000000000001');
CREATE TABLE payments (id bigint PRIMARY KEY);
-- Rows that all match, another type, a name that is no table's, a table's own key, and one that is ignored.
CREATE TABLE members (
  member_id bigint PRIMARY KEY, organization_id uuid, payment_id text, session_id uuid, ignored_organization_id uuid);
INSERT INTO members VALUES (1, '00000000-0000-0000-0000-000000000001', 'pay_1', '00000000-0000-0000-0000-000000000009');
CREATE TABLE imports (organization_id uuid);
INSERT INTO imports VALUES ('00000000-0000-0000-0000-000000000002');
