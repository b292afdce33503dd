-- Requests are answered here, with status 503: nothing leaves the database.
CREATE DOMAIN http_method AS text;
CREATE DOMAIN content_type AS text CHECK (VALUE ~ '^\S+\/\S+');
CREATE TYPE http_header AS (field varchar, value varchar);
CREATE TYPE http_response AS (status integer, content_type varchar, headers http_header[], content varchar);
CREATE TYPE http_request AS (
    method http_method, uri varchar, headers http_header[], content_type varchar, content varchar
);

CREATE FUNCTION http(request http_request) RETURNS http_response
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF request.method IS NULL THEN
        RAISE EXCEPTION 'http_request.method is NULL';
    ELSIF request.uri IS NULL THEN
        RAISE EXCEPTION 'http_request.uri is NULL';
    END IF;
    RAISE NOTICE 'no request was sent: % %', request.method, request.uri
        USING HINT = 'This is a stand-in for the extension http, which answers with status 503.';
    RETURN ROW(503, 'text/plain', '{}', 'no request was sent: this is a stand-in')::@extschema@.http_response;
END
$$;

CREATE FUNCTION http_set_curlopt(curlopt varchar, value varchar) RETURNS boolean LANGUAGE sql VOLATILE RETURN true;
CREATE FUNCTION http_reset_curlopt() RETURNS boolean LANGUAGE sql VOLATILE RETURN true;
CREATE FUNCTION http_list_curlopt() RETURNS TABLE (curlopt text, value text) LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT NULL::text, NULL::text WHERE false;
END;
CREATE FUNCTION http_header(field varchar, value varchar) RETURNS http_header LANGUAGE sql VOLATILE
RETURN ROW(field, value)::http_header;

CREATE FUNCTION stand_in_encode(octets bytea) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT coalesce(string_agg(CASE
        WHEN octet = 32 THEN '+'
        WHEN chr(octet) ~ '^[A-Za-z0-9._~-]$' AND octet < 127 THEN chr(octet)
        ELSE '%' || upper(lpad(to_hex(octet), 2, '0'))
    END, '' ORDER BY place), '')
    FROM generate_series(0, length(octets) - 1) AS place, get_byte(octets, place) AS octet
);
CREATE FUNCTION urlencode(string varchar) RETURNS text LANGUAGE sql IMMUTABLE STRICT
RETURN stand_in_encode(convert_to(string, getdatabaseencoding()));
CREATE FUNCTION urlencode(string bytea) RETURNS text LANGUAGE sql IMMUTABLE STRICT
RETURN stand_in_encode(string);
CREATE FUNCTION urlencode(data jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF jsonb_typeof(data) <> 'object' THEN
        RAISE EXCEPTION 'cannot call urlencode_jsonb on a non-object' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN (
        SELECT string_agg(@extschema@.urlencode(pair.key::varchar) || '='
            || @extschema@.urlencode(coalesce(data ->> pair.key, '')::varchar), '&' ORDER BY pair.place)
        FROM jsonb_each(data) WITH ORDINALITY AS pair (key, value, place)
        WHERE pair.key <> '' AND jsonb_typeof(pair.value) NOT IN ('object', 'array')
    );
END
$$;
CREATE FUNCTION text_to_bytea(data text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT
RETURN convert_to(data, getdatabaseencoding());
CREATE FUNCTION bytea_to_text(data bytea) RETURNS text LANGUAGE sql IMMUTABLE STRICT
RETURN convert_from(data, getdatabaseencoding());

CREATE FUNCTION http_get(uri varchar) RETURNS http_response LANGUAGE sql VOLATILE
RETURN http(ROW('GET', $1, NULL, NULL, NULL)::http_request);
CREATE FUNCTION http_get(uri varchar, data jsonb) RETURNS http_response LANGUAGE sql VOLATILE
RETURN http(ROW('GET', $1 || '?' || urlencode($2), NULL, NULL, NULL)::http_request);
CREATE FUNCTION http_post(uri varchar, content varchar, content_type varchar) RETURNS http_response
LANGUAGE sql VOLATILE RETURN http(ROW('POST', $1, NULL, $3, $2)::http_request);
CREATE FUNCTION http_post(uri varchar, data jsonb) RETURNS http_response LANGUAGE sql VOLATILE
RETURN http(ROW('POST', $1, NULL, 'application/x-www-form-urlencoded', urlencode($2))::http_request);
CREATE FUNCTION http_put(uri varchar, content varchar, content_type varchar) RETURNS http_response
LANGUAGE sql VOLATILE RETURN http(ROW('PUT', $1, NULL, $3, $2)::http_request);
CREATE FUNCTION http_patch(uri varchar, content varchar, content_type varchar) RETURNS http_response
LANGUAGE sql VOLATILE RETURN http(ROW('PATCH', $1, NULL, $3, $2)::http_request);
CREATE FUNCTION http_delete(uri varchar) RETURNS http_response LANGUAGE sql VOLATILE
RETURN http(ROW('DELETE', $1, NULL, NULL, NULL)::http_request);
CREATE FUNCTION http_delete(uri varchar, content varchar, content_type varchar) RETURNS http_response
LANGUAGE sql VOLATILE RETURN http(ROW('DELETE', $1, NULL, $3, $2)::http_request);
CREATE FUNCTION http_head(uri varchar) RETURNS http_response LANGUAGE sql VOLATILE
RETURN http(ROW('HEAD', $1, NULL, NULL, NULL)::http_request);
