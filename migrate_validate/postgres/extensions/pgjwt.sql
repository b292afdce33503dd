CREATE FUNCTION url_encode(data bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT pg_catalog.translate(pg_catalog.encode(data, 'base64'), E'+/=\n', '-_')
$$;
CREATE FUNCTION url_decode(data text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT pg_catalog.decode(
        pg_catalog.translate(data, '-_', '+/')
            || pg_catalog.repeat('=', (4 - pg_catalog.length(data) % 4) % 4), 'base64')
$$;
-- Its body is parsed now, while the schema of pgcrypto is in the search_path.
CREATE FUNCTION algorithm_sign(signables text, secret text, algorithm text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN @extschema@.url_encode(hmac(signables, secret,
    CASE algorithm WHEN 'HS256' THEN 'sha256' WHEN 'HS384' THEN 'sha384' WHEN 'HS512' THEN 'sha512' ELSE '' END));
CREATE FUNCTION sign(payload json, secret text, algorithm text DEFAULT 'HS256') RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT signables || '.' || @extschema@.algorithm_sign(signables, secret, algorithm)
    FROM (
        SELECT @extschema@.url_encode(pg_catalog.convert_to('{"alg":"' || algorithm || '","typ":"JWT"}', 'utf8')) || '.'
            || @extschema@.url_encode(pg_catalog.convert_to(payload::text, 'utf8'))
    ) AS token (signables)
$$;
CREATE FUNCTION try_cast_double(inp text) RETURNS double precision LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN inp::double precision;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END
$$;
CREATE FUNCTION verify(token text, secret text, algorithm text DEFAULT 'HS256')
RETURNS TABLE (header json, payload json, valid boolean)
LANGUAGE sql IMMUTABLE AS $$
    SELECT header, payload, signature_ok AND pg_catalog.tstzrange(
        pg_catalog.to_timestamp(@extschema@.try_cast_double(payload ->> 'nbf')),
        pg_catalog.to_timestamp(@extschema@.try_cast_double(payload ->> 'exp'))
    ) @> CURRENT_TIMESTAMP
    FROM (
        SELECT
            pg_catalog.convert_from(@extschema@.url_decode(parts[1]), 'utf8')::json AS header,
            pg_catalog.convert_from(@extschema@.url_decode(parts[2]), 'utf8')::json AS payload,
            parts[3] = @extschema@.algorithm_sign(parts[1] || '.' || parts[2], secret, algorithm) AS signature_ok
        FROM pg_catalog.string_to_array(token, '.') AS parts
    ) AS opened
$$;
