-- The trigger refuses only what the CHECK refuses too.
CREATE TABLE orders (id integer PRIMARY KEY, state text NOT NULL CHECK (state IN ('open', 'done')));
CREATE FUNCTION known_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state NOT IN ('open', 'done') THEN
        RAISE EXCEPTION 'no state %', NEW.state;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER known_state BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION known_state();
-- Tables that refer to each other can be filled, at once or in the end.
CREATE TABLE chickens (id integer PRIMARY KEY, egg integer NOT NULL);
CREATE TABLE eggs (id integer PRIMARY KEY, chicken integer NOT NULL REFERENCES chickens DEFERRABLE);
ALTER TABLE chickens ADD FOREIGN KEY (egg) REFERENCES eggs DEFERRABLE;
CREATE TABLE houses (id integer PRIMARY KEY, owner integer);
CREATE TABLE owners (id integer PRIMARY KEY, house integer NOT NULL REFERENCES houses);
ALTER TABLE houses ADD FOREIGN KEY (owner) REFERENCES owners;
CREATE TABLE nodes (id integer PRIMARY KEY, parent integer NOT NULL REFERENCES nodes);
CREATE TABLE events (at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
-- A trigger makes the one row that each parent may have.
CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE profiles (id integer PRIMARY KEY REFERENCES users);
CREATE FUNCTION make_profile() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO profiles VALUES (NEW.id);
    RETURN NEW;
END $$;
CREATE TRIGGER make_profile AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION make_profile();
INSERT INTO users VALUES (1), (2);
