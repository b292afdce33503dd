-- What is dropped is there: it is exchanged, and nothing is promised.
DROP INDEX IF EXISTS plan_places;
CREATE INDEX plan_places ON plan (places, name);
CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE OR REPLACE TRIGGER touch BEFORE INSERT ON plan FOR EACH ROW EXECUTE FUNCTION touch();
CREATE POLICY all_of_them ON plan USING (true);
