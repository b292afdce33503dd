CREATE TABLE organizations (id bigint PRIMARY KEY, slug text UNIQUE, max_users integer CHECK (max_users <= 40));
CREATE INDEX organizations_max_users ON organizations (max_users);
INSERT INTO organizations VALUES (1, 'first', 40);
UPDATE organizations SET max_users = max_users - 1;
