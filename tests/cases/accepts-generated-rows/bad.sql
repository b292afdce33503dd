CREATE TABLE teams (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, label text NOT NULL DEFAULT 'x');
CREATE TABLE members (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    team integer NOT NULL REFERENCES teams,
    name text,
    role text NOT NULL DEFAULT 'member' CHECK (role IN ('member', 'owner')),
    note text
);
CREATE FUNCTION owners_need_a_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.role = 'owner' AND NEW.name IS NULL THEN
        RAISE EXCEPTION 'an owner needs a name' USING ERRCODE = 'P0001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER owners_need_a_name BEFORE INSERT ON members FOR EACH ROW EXECUTE FUNCTION owners_need_a_name();
-- The function reads a column that is gone.
CREATE TABLE visits (id integer PRIMARY KEY, page text);
CREATE FUNCTION count_visit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.counter := 1;
    RETURN NEW;
END $$;
CREATE TRIGGER count_visit BEFORE INSERT ON visits FOR EACH ROW EXECUTE FUNCTION count_visit();
CREATE TABLE clicks (visit integer NOT NULL REFERENCES visits);
CREATE TABLE never (a integer NOT NULL CONSTRAINT never_true CHECK (a > 0 AND a < 0));
