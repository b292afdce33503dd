CREATE TYPE user_status AS ENUM ('active');
CREATE TABLE users (id bigint, email varchar(120), status user_status[]);
