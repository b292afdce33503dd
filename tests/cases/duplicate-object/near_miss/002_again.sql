DROP TABLE users; CREATE TABLE users (id uuid);
DO $$ BEGIN EXECUTE 'DROP TABLE log'; END $$;
CREATE TABLE log (id uuid);
