DROP TABLE users; CREATE TABLE users (id uuid);
