-- Archiving, and moving to another organization, was forgotten.
CREATE TABLE organizations (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    active_user_count integer NOT NULL DEFAULT 0
);

CREATE TABLE profiles (
    id uuid PRIMARY KEY,
    organization_id uuid REFERENCES organizations (id) ON DELETE CASCADE,
    email text NOT NULL UNIQUE,
    is_active boolean NOT NULL DEFAULT true,
    archived_at timestamptz,
    CHECK (is_active = (archived_at IS NULL))
);

CREATE FUNCTION update_active_user_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE organizations o
    SET active_user_count = (SELECT count(*) FROM profiles p WHERE p.organization_id = o.id AND p.is_active)
    WHERE o.id IN (OLD.organization_id, NEW.organization_id);
    RETURN NULL;
END;
$$;

CREATE TRIGGER profiles_count AFTER INSERT OR DELETE ON profiles
    FOR EACH ROW EXECUTE FUNCTION update_active_user_count();

CREATE FUNCTION archive_user(target uuid) RETURNS void LANGUAGE sql AS $$
    UPDATE profiles SET is_active = false, archived_at = now() WHERE id = target;
$$;

-- Counts up once more where the user is active already.
CREATE TABLE teams (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, num_members integer DEFAULT 0);

CREATE TABLE members (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    team_id bigint NOT NULL REFERENCES teams (id),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'archived'))
);

CREATE FUNCTION count_members() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.status = 'active' THEN
        UPDATE teams SET num_members = num_members + 1 WHERE id = NEW.team_id;
    ELSIF TG_OP = 'UPDATE' AND NEW.status = 'active' AND OLD.status <> 'active' THEN
        UPDATE teams SET num_members = num_members + 1 WHERE id = NEW.team_id;
    ELSIF TG_OP = 'UPDATE' AND NEW.status = 'archived' AND OLD.status = 'active' THEN
        UPDATE teams SET num_members = num_members - 1 WHERE id = NEW.team_id;
    ELSIF TG_OP = 'DELETE' THEN
        -- Also of one that was archived, which was counted down already.
        UPDATE teams SET num_members = num_members - 1 WHERE id = OLD.team_id;
    END IF;
    RETURN NULL;
END;
$$;

CREATE TRIGGER members_count AFTER INSERT OR UPDATE OF status OR DELETE ON members
    FOR EACH ROW EXECUTE FUNCTION count_members();

-- The trigger counts, and so does the function.
CREATE FUNCTION reactivate_member(member bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE members SET status = 'active' WHERE id = member;
    UPDATE teams SET num_members = num_members + 1 WHERE id = (SELECT team_id FROM members WHERE id = member);
END;
$$;

-- Declared, and kept by functions only, one of which forgets it.
CREATE TABLE carts (id integer PRIMARY KEY, pieces integer NOT NULL);
CREATE TABLE items (id integer PRIMARY KEY, cart integer REFERENCES carts (id), taken_out boolean NOT NULL);

CREATE FUNCTION take_out(item integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE items SET taken_out = true WHERE id = item;
    UPDATE carts SET pieces = pieces - 1 WHERE id = (SELECT cart FROM items WHERE id = item);
END;
$$;

-- One statement, one up: however many rows it has.
CREATE TABLE albums (id integer PRIMARY KEY, photos_count integer NOT NULL DEFAULT 0);
CREATE TABLE photos (id integer PRIMARY KEY, album_id integer NOT NULL REFERENCES albums (id) ON DELETE CASCADE);
CREATE TABLE frames (photo_id integer PRIMARY KEY REFERENCES photos (id));

CREATE FUNCTION count_photos() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE albums SET photos_count = photos_count + 1 WHERE id IN (SELECT album_id FROM new_rows);
    ELSE
        UPDATE albums a SET photos_count = (SELECT count(*) FROM photos p WHERE p.album_id = a.id);
    END IF;
    RETURN NULL;
END;
$$;

CREATE TRIGGER photos_inserted AFTER INSERT ON photos REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_photos();
CREATE TRIGGER photos_changed AFTER UPDATE OR DELETE OR TRUNCATE ON photos
    FOR EACH STATEMENT EXECUTE FUNCTION count_photos();
