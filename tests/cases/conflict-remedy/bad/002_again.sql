CREATE TABLE organizations (
    id bigint PRIMARY KEY,
    slug text UNIQUE,
    max_users integer CHECK (max_users <= 1000),
    notes text
);
CREATE INDEX organizations_users ON organizations (max_users);
CREATE INDEX organizations_notes ON organizations (notes);
INSERT INTO organizations (id, slug, max_users) VALUES (1, 'first', 1000);
UPDATE organizations SET max_users = max_users - 1;
CREATE TABLE fresh (id bigint PRIMARY KEY);
