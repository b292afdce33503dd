CREATE TABLE organizations (id uuid PRIMARY KEY);
CREATE TABLE members (id bigint PRIMARY KEY, organization_id uuid REFERENCES organizations);
