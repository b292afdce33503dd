create table users (id int primary key, email text, active boolean);
create schema app;
create table app.plans (id int primary key);
