-- Functions with a parsed body (RETURN ...) keep their references when the extension is moved to another schema.
-- Volatile, so that the planner does not call it in advance for a branch of a CASE that is never taken.
CREATE FUNCTION stand_in_refuse(problem text, code text DEFAULT '22023') RETURNS bytea
LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION '%', problem USING ERRCODE = code;
END
$$;

CREATE FUNCTION digest(data bytea, type text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE lower(type)
    WHEN 'md5' THEN decode(md5(data), 'hex')
    WHEN 'sha1' THEN stand_in_sha1(data)
    WHEN 'sha224' THEN sha224(data)
    WHEN 'sha256' THEN sha256(data)
    WHEN 'sha384' THEN sha384(data)
    WHEN 'sha512' THEN sha512(data)
    ELSE stand_in_refuse(format('Cannot use "%s": No such hash algorithm', lower(type)))
END;
CREATE FUNCTION digest(data text, type text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN digest(convert_to(data, getdatabaseencoding()), type);

CREATE FUNCTION stand_in_xor(data bytea, value int) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT decode(string_agg(lpad(to_hex(get_byte(data, place) # value), 2, '0'), '' ORDER BY place), 'hex')
    FROM generate_series(0, length(data) - 1) AS place
);
CREATE FUNCTION stand_in_hmac_key(key bytea, type text, size int) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT short || decode(repeat('00', size - length(short)), 'hex')
    FROM (SELECT CASE WHEN length(key) > size THEN digest(key, type) ELSE key END) AS shortened (short)
);
CREATE FUNCTION hmac(data bytea, key bytea, type text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT digest(stand_in_xor(padded, 92) || digest(stand_in_xor(padded, 54) || data, type), type)
    FROM stand_in_hmac_key(key, type, CASE WHEN lower(type) IN ('sha384', 'sha512') THEN 128 ELSE 64 END) AS padded
);
CREATE FUNCTION hmac(data text, key text, type text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN hmac(convert_to(data, getdatabaseencoding()), convert_to(key, getdatabaseencoding()), type);

CREATE FUNCTION gen_random_uuid() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN pg_catalog.gen_random_uuid();
CREATE FUNCTION gen_random_bytes(count int4) RETURNS bytea LANGUAGE sql VOLATILE STRICT PARALLEL SAFE
RETURN CASE WHEN count BETWEEN 1 AND 1024 THEN (
    -- Two random UUIDs hold 244 random bits: enough for the 16 bytes that are taken from each hash.
    SELECT substr(string_agg(substr(sha256(
        uuid_send(pg_catalog.gen_random_uuid()) || uuid_send(pg_catalog.gen_random_uuid())), 1, 16), ''), 1, count)
    FROM generate_series(1, count, 16)
) ELSE stand_in_refuse('Length not in range', '39000') END;

CREATE FUNCTION stand_in_letters(data bytea, count int) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN substr(translate(encode(data, 'base64'), E'+=\n', './'), 1, count);

-- The shape of a salt and of a hash only; crypt(p, crypt(p, salt)) = crypt(p, salt) holds as it must.
CREATE FUNCTION gen_salt(type text, rounds int4) RETURNS text LANGUAGE sql VOLATILE STRICT PARALLEL SAFE
RETURN CASE lower(type)
    WHEN 'bf' THEN CASE WHEN rounds = 0 THEN '$2a$06$' WHEN rounds BETWEEN 4 AND 31
        THEN '$2a$' || lpad(rounds::text, 2, '0') || '$'
        ELSE stand_in_refuse('gen_salt: Incorrect number of rounds')::text END
        || stand_in_letters(gen_random_bytes(33), 22)
    WHEN 'md5' THEN '$1$' || stand_in_letters(gen_random_bytes(33), 8)
    WHEN 'xdes' THEN '_' || stand_in_letters(gen_random_bytes(33), 8)
    WHEN 'des' THEN stand_in_letters(gen_random_bytes(33), 2)
    WHEN 'sha256crypt' THEN '$5$rounds=5000$' || stand_in_letters(gen_random_bytes(33), 16)
    WHEN 'sha512crypt' THEN '$6$rounds=5000$' || stand_in_letters(gen_random_bytes(33), 16)
    ELSE stand_in_refuse('gen_salt: Unknown salt algorithm')::text
END;
CREATE FUNCTION gen_salt(type text) RETURNS text LANGUAGE sql VOLATILE STRICT PARALLEL SAFE
RETURN gen_salt(type, 0);

CREATE FUNCTION stand_in_crypt(password text, setting text, count int) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN setting || stand_in_letters(sha512(convert_to(setting || password, 'UTF8')), count);
CREATE FUNCTION crypt(password text, salt text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN salt ~ '^\$2[abxy]\$\d\d\$.{22}' THEN stand_in_crypt(password, substr(salt, 1, 29), 31)
    WHEN salt ~ '^\$1\$' THEN stand_in_crypt(password, substring(salt FROM '^\$1\$[^$]{0,8}') || '$', 22)
    WHEN salt ~ '^\$5\$' THEN stand_in_crypt(password, substring(salt FROM '^\$5\$(?:rounds=\d+\$)?[^$]{0,16}') || '$', 43)
    WHEN salt ~ '^\$6\$' THEN stand_in_crypt(password, substring(salt FROM '^\$6\$(?:rounds=\d+\$)?[^$]{0,16}') || '$', 86)
    WHEN salt ~ '^_.{8}' THEN stand_in_crypt(password, substr(salt, 1, 9), 11)
    WHEN salt ~ '^[./0-9A-Za-z]{2}' THEN stand_in_crypt(password, substr(salt, 1, 2), 11)
    ELSE stand_in_refuse('invalid salt')::text
END;
