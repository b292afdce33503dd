-- Fails the second time: that is what not-rerunnable says, and nothing is left of the check.
CREATE TABLE purchase (id int PRIMARY KEY, amount int);
ALTER TABLE purchase ADD CHECK (amount > 0);
