-- Spelled otherwise, the same types; NOT NULL was not asked of email; status is missing, which is another rule's.
CREATE TABLE users (id int8 PRIMARY KEY, email character varying(255) NOT NULL);
