CREATE TABLE organizations (id bigint PRIMARY KEY, name text);
CREATE TYPE role AS ENUM ('admin');
CREATE TABLE log (id bigint);
CREATE SCHEMA app;
CREATE STATISTICS related ON id, name FROM organizations;
