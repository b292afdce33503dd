CREATE INDEX organizations_max_users ON organizations (max_users);
