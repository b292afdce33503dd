-- Wrong types are another rule's.
CREATE TABLE users (id int, email text, status text);
