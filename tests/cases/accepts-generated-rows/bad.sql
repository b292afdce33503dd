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
-- One label of many, and a table that only a trigger can fill.
CREATE TYPE zone AS ENUM (
    'zone 1', 'zone 2', 'zone 3', 'zone 4', 'zone 5', 'zone 6', 'zone 7', 'zone 8', 'zone 9', 'zone 10',
    'zone 11', 'zone 12', 'zone 13', 'zone 14', 'zone 15', 'zone 16', 'zone 17', 'zone 18', 'zone 19',
    'zone 20', 'zone 21', 'zone 22', 'zone 23', 'zone 24', 'zone 25', 'zone 26', 'zone 27', 'zone 28',
    'zone 29', 'zone 30', 'zone 31', 'zone 32', 'zone 33', 'zone 34', 'zone 35', 'zone 36', 'zone 37',
    'zone 38', 'zone 39', 'zone 40', 'zone 41', 'zone 42', 'zone 43', 'zone 44', 'zone 45', 'zone 46',
    'zone 47', 'zone 48', 'zone 49', 'zone 50', 'zone 51', 'zone 52', 'zone 53', 'zone 54', 'zone 55',
    'zone 56', 'zone 57', 'zone 58', 'zone 59', 'zone 60'
);
CREATE TABLE parcels (id integer PRIMARY KEY, zone zone NOT NULL);
CREATE FUNCTION no_zone_47() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.zone = 'zone 47' THEN
        RAISE EXCEPTION 'nothing is sent to %', NEW.zone;
    END IF;
    INSERT INTO zone_journal (line, sum) VALUES (NEW.zone::text, md5(NEW.zone::text));
    RETURN NEW;
END $$;
CREATE TRIGGER no_zone_47 BEFORE INSERT ON parcels FOR EACH ROW EXECUTE FUNCTION no_zone_47();
CREATE TABLE zone_journal (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    line text NOT NULL,
    sum text NOT NULL,
    CONSTRAINT zone_journal_sum CHECK (sum = md5(line))
);
