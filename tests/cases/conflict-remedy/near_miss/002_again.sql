-- Made again after it was dropped.
DROP TABLE organizations;
CREATE TABLE organizations (id uuid PRIMARY KEY);
