-- Ids of others' systems.
CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stripe_id text UNIQUE,
    external_id bigint
);

-- Softly deleted.
CREATE TABLE projects (id uuid PRIMARY KEY, deleted_at timestamptz);
CREATE TABLE tasks (id uuid PRIMARY KEY, project_id uuid NOT NULL);

CREATE FUNCTION delete_softly() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE projects SET deleted_at = now() WHERE id = OLD.id;
    RETURN NULL;
END;
$$;

CREATE TRIGGER projects_deleted BEFORE DELETE ON projects FOR EACH ROW EXECUTE FUNCTION delete_softly();

-- A trigger deletes what belongs to it,
CREATE TABLE albums (id integer PRIMARY KEY);
CREATE TABLE photos (id integer PRIMARY KEY, album_id integer NOT NULL);

CREATE FUNCTION delete_photos() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM photos WHERE album_id = OLD.id;
    RETURN NULL;
END;
$$;

CREATE TRIGGER albums_deleted AFTER DELETE ON albums FOR EACH ROW EXECUTE FUNCTION delete_photos();

-- or clears it, when the transaction ends,
CREATE TABLE teams (id integer PRIMARY KEY);
CREATE TABLE members (id integer PRIMARY KEY, team_id integer);

CREATE FUNCTION clear_team() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE members SET team_id = NULL WHERE team_id = OLD.id;
    RETURN NULL;
END;
$$;

CREATE CONSTRAINT TRIGGER teams_deleted AFTER DELETE ON teams
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION clear_team();

-- or refuses; the function deletes both.
CREATE TABLE devices (id uuid PRIMARY KEY);
CREATE TABLE readings (id integer PRIMARY KEY, device_uuid uuid NOT NULL);

CREATE FUNCTION keep_device() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM readings WHERE device_uuid = OLD.id) THEN
        RAISE EXCEPTION 'there are readings of this device';
    END IF;
    RETURN OLD;
END;
$$;

CREATE TRIGGER devices_kept BEFORE DELETE ON devices FOR EACH ROW EXECUTE FUNCTION keep_device();

CREATE FUNCTION remove_device(device uuid) RETURNS void LANGUAGE sql AS $$
    DELETE FROM readings WHERE device_uuid = device;
    DELETE FROM devices WHERE id = device;
$$;

-- Keys of their own, whatever the other tables are called.
create table s (id int primary key, name text);
create table copies (id int primary key);
insert into copies select id from s;
create schema archive;
create table orders (order_id int primary key);
create table archive.orders (order_id int primary key);
