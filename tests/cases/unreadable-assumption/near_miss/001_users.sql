-- We assume uniqe emails on users. migrate-validate: assume nothing here
create table users (id int primary key, email text, active boolean);
