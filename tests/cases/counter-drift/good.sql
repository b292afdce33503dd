CREATE TABLE organizations (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    active_user_count integer NOT NULL DEFAULT 0 CHECK (active_user_count >= 0)
);

CREATE TABLE profiles (
    id uuid PRIMARY KEY,
    organization_id uuid REFERENCES organizations (id),
    email text NOT NULL UNIQUE,
    is_active boolean NOT NULL DEFAULT true,
    archived_at timestamptz,
    CHECK (is_active = (archived_at IS NULL))
);

CREATE FUNCTION update_active_user_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        UPDATE organizations SET active_user_count = 0;
        RETURN NULL;
    END IF;
    UPDATE organizations o
    SET active_user_count = (SELECT count(*) FROM profiles p WHERE p.organization_id = o.id AND p.is_active)
    WHERE o.id IN (OLD.organization_id, NEW.organization_id);
    RETURN NULL;
END;
$$;

CREATE TRIGGER profiles_count AFTER INSERT OR UPDATE OR DELETE ON profiles
    FOR EACH ROW EXECUTE FUNCTION update_active_user_count();
CREATE TRIGGER profiles_emptied AFTER TRUNCATE ON profiles
    FOR EACH STATEMENT EXECUTE FUNCTION update_active_user_count();

CREATE FUNCTION archive_user(target uuid, reason text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE profiles SET is_active = false, archived_at = now() WHERE id = target AND is_active;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'user % does not exist or is archived', target;
    END IF;
END;
$$;

CREATE FUNCTION reactivate_user(target uuid) RETURNS void LANGUAGE sql AS $$
    UPDATE profiles SET is_active = true, archived_at = NULL WHERE id = target;
$$;

-- Adds and takes away.
CREATE TABLE posts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, comments_count bigint NOT NULL DEFAULT 0);

CREATE TABLE comments (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    post_id bigint NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    status text NOT NULL CHECK (status IN ('pending', 'approved', 'spam'))
);

CREATE FUNCTION count_comments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP IN ('DELETE', 'UPDATE') AND OLD.status = 'approved' THEN
        UPDATE posts SET comments_count = comments_count - 1 WHERE id = OLD.post_id;
    END IF;
    IF TG_OP IN ('INSERT', 'UPDATE') AND NEW.status = 'approved' THEN
        UPDATE posts SET comments_count = comments_count + 1 WHERE id = NEW.post_id;
    END IF;
    RETURN NULL;
END;
$$;

CREATE TRIGGER comments_count AFTER INSERT OR UPDATE OR DELETE ON comments
    FOR EACH ROW EXECUTE FUNCTION count_comments();

CREATE FUNCTION keep_comments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'comments are never emptied';
END;
$$;

CREATE TRIGGER comments_emptied BEFORE TRUNCATE ON comments FOR EACH STATEMENT EXECUTE FUNCTION keep_comments();

-- Declared.
CREATE TABLE carts (id integer PRIMARY KEY, pieces integer NOT NULL);
CREATE TABLE items (id integer PRIMARY KEY, cart integer REFERENCES carts (id), taken_out boolean NOT NULL);

CREATE FUNCTION take_out(item integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    concerned integer;
BEGIN
    UPDATE items SET taken_out = true WHERE id = item AND NOT taken_out RETURNING cart INTO concerned;
    UPDATE carts SET pieces = pieces - 1 WHERE id = concerned;
END;
$$;
