ALTER TABLE accounts ADD UNIQUE (mail);
