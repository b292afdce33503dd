ALTER TABLE organizations ADD COLUMN slug text REFERENCES organizations (slug), ADD COLUMN email text;
