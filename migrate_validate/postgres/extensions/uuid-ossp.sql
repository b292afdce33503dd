-- Functions with a parsed body (RETURN ...) keep their references when the extension is moved to another schema.
CREATE FUNCTION stand_in_uuid(digest bytea, version int) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN encode(
    set_byte(
        set_byte(substr(digest, 1, 16), 6, (get_byte(digest, 6) & 15) | (version << 4)),
        8, (get_byte(digest, 8) & 63) | 128
    ), 'hex')::uuid;

-- 100 nanoseconds since 15 October 1582, low part first.
CREATE FUNCTION stand_in_time_based(node bytea) RETURNS uuid
LANGUAGE sql VOLATILE STRICT PARALLEL SAFE
RETURN (
    SELECT stand_in_uuid(
        substr(ticks, 5, 4) || substr(ticks, 3, 2) || substr(ticks, 1, 2)
            || substr(uuid_send(gen_random_uuid()), 1, 2) || node, 1)
    FROM int8send((extract(epoch FROM clock_timestamp()) * 10000000)::bigint + 122192928000000000) AS ticks
);

CREATE FUNCTION uuid_nil() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '00000000-0000-0000-0000-000000000000'::uuid;
CREATE FUNCTION uuid_ns_dns() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid;
CREATE FUNCTION uuid_ns_url() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '6ba7b811-9dad-11d1-80b4-00c04fd430c8'::uuid;
CREATE FUNCTION uuid_ns_oid() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '6ba7b812-9dad-11d1-80b4-00c04fd430c8'::uuid;
CREATE FUNCTION uuid_ns_x500() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '6ba7b814-9dad-11d1-80b4-00c04fd430c8'::uuid;

CREATE FUNCTION uuid_generate_v1() RETURNS uuid LANGUAGE sql VOLATILE STRICT PARALLEL SAFE
RETURN stand_in_time_based(substr(uuid_send(gen_random_uuid()), 11));
CREATE FUNCTION uuid_generate_v1mc() RETURNS uuid LANGUAGE sql VOLATILE STRICT PARALLEL SAFE
RETURN (
    SELECT stand_in_time_based(set_byte(node, 0, get_byte(node, 0) | 3))
    FROM substr(uuid_send(gen_random_uuid()), 11) AS node
);
CREATE FUNCTION uuid_generate_v3(namespace uuid, name text) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN stand_in_uuid(decode(md5(uuid_send(namespace) || convert_to(name, getdatabaseencoding())), 'hex'), 3);
CREATE FUNCTION uuid_generate_v4() RETURNS uuid LANGUAGE sql VOLATILE STRICT PARALLEL SAFE
RETURN gen_random_uuid();
CREATE FUNCTION uuid_generate_v5(namespace uuid, name text) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN stand_in_uuid(stand_in_sha1(uuid_send(namespace) || convert_to(name, getdatabaseencoding())), 5);
