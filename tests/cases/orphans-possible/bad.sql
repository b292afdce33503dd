CREATE TABLE companies (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE);

CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company_id bigint NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
    email text NOT NULL UNIQUE CHECK (email LIKE '%@%')
);

-- Left by a DELETE, by one of the company, and by the function.
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint NOT NULL,
    amount numeric(10, 2) NOT NULL CHECK (amount > 0)
);

CREATE FUNCTION forget_customer(customer bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM customers WHERE id = customer;
END;
$$;

-- Direct deletes are refused, the function is not.
CREATE TABLE devices (id uuid PRIMARY KEY DEFAULT gen_random_uuid());
CREATE TABLE readings (id integer PRIMARY KEY, device_uuid uuid, value double precision);

CREATE FUNCTION keep_device() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('device.removed', true), '') <> OLD.id::text THEN
        RAISE EXCEPTION 'devices are removed by remove_device()';
    END IF;
    RETURN OLD;
END;
$$;

CREATE TRIGGER devices_kept BEFORE DELETE ON devices FOR EACH ROW EXECUTE FUNCTION keep_device();

CREATE PROCEDURE remove_device(device uuid) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('device.removed', device::text, true);
    DELETE FROM devices WHERE id = device;
END;
$$;

-- Keeps ids on purpose, probably: info.
CREATE TABLE order_events (id integer PRIMARY KEY, order_id bigint NOT NULL, said text);
