-- Kept when the transaction ends.
CREATE TABLE albums (id integer PRIMARY KEY, photos_count integer);
CREATE TABLE photos (
    id integer PRIMARY KEY,
    album_id integer REFERENCES albums (id) ON DELETE SET NULL,
    deleted_at timestamptz
);
CREATE TABLE frames (photo_id integer PRIMARY KEY REFERENCES photos (id));

CREATE FUNCTION count_photos() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE albums a
    SET photos_count = (SELECT count(*) FROM photos p WHERE p.album_id = a.id AND p.deleted_at IS NULL)
    WHERE a.id IN (OLD.album_id, NEW.album_id);
    RETURN NULL;
END;
$$;

CREATE CONSTRAINT TRIGGER photos_count AFTER INSERT OR UPDATE OR DELETE ON photos
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_photos();

-- What would let it drift is refused.
CREATE TABLE teams (id integer PRIMARY KEY, member_count integer NOT NULL DEFAULT 0);
CREATE TABLE members (id integer PRIMARY KEY, team_id integer NOT NULL REFERENCES teams (id) ON DELETE CASCADE);
CREATE TABLE badges (member_id integer PRIMARY KEY REFERENCES members (id) ON DELETE CASCADE);

CREATE FUNCTION count_members() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'a member does not change teams';
    END IF;
    UPDATE teams SET member_count = member_count + CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END
    WHERE id = coalesce(NEW.team_id, OLD.team_id);
    RETURN NULL;
END;
$$;

CREATE TRIGGER members_count AFTER INSERT OR DELETE OR UPDATE OF team_id ON members
    FOR EACH ROW EXECUTE FUNCTION count_members();

-- Named like a counter, and none: nothing has rows of this name.
CREATE TABLE pages (id integer PRIMARY KEY, view_count integer NOT NULL DEFAULT 0, retry_count integer);
CREATE TABLE links (id integer PRIMARY KEY, page_id integer NOT NULL REFERENCES pages (id));

CREATE FUNCTION viewed(page integer) RETURNS void LANGUAGE sql AS $$
    UPDATE pages SET view_count = view_count + 1 WHERE id = page;
$$;

-- A sum, whose name could be that of a count.
CREATE TABLE invoices (id integer PRIMARY KEY, total_amount integer NOT NULL DEFAULT 0);
CREATE TABLE lines (
    id integer PRIMARY KEY,
    invoice_id integer NOT NULL REFERENCES invoices (id),
    amount integer NOT NULL
);

CREATE FUNCTION add_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE invoices SET total_amount = total_amount + NEW.amount WHERE id = NEW.invoice_id;
    RETURN NULL;
END;
$$;

CREATE TRIGGER lines_add_up AFTER INSERT ON lines FOR EACH ROW EXECUTE FUNCTION add_up();

-- Declared, and kept by whoever writes.
CREATE TABLE carts (id integer PRIMARY KEY, pieces integer NOT NULL);
CREATE TABLE items (id integer PRIMARY KEY, cart integer REFERENCES carts (id), taken_out boolean NOT NULL);
