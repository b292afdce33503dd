CREATE TABLE users (id bigint PRIMARY KEY, e_mail varchar(255));
