-- Made anew each time, with the same names.
DROP TABLE IF EXISTS purchase CASCADE;
CREATE TABLE purchase (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, amount int CHECK (amount > 0));
CREATE INDEX ON purchase (amount);
GRANT SELECT ON purchase TO public;
