CREATE TABLE organizations (id bigint PRIMARY KEY);
CREATE TABLE members (id bigint PRIMARY KEY);
