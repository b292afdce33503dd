CREATE TABLE users (id bigint);
CREATE TABLE log (id bigint);
