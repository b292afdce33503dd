CREATE TABLE users (id bigint);
CREATE TABLE logins (id bigint);
