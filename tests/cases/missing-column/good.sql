CREATE TYPE user_status AS ENUM ('active');
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(255), status user_status);
