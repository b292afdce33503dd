CREATE TABLE IF NOT EXISTS account (id int PRIMARY KEY, name text);
CREATE TABLE IF NOT EXISTS purchase (id int PRIMARY KEY, account_id int, amount int);
ALTER TABLE purchase ADD CHECK (amount > 0);
ALTER TABLE purchase ADD FOREIGN KEY (account_id) REFERENCES account;
CREATE INDEX ON purchase (account_id);
