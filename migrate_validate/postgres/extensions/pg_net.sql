CREATE SCHEMA net;
CREATE DOMAIN net.http_method AS text CHECK (VALUE IN ('GET', 'POST', 'DELETE'));
CREATE TYPE net.request_status AS ENUM ('PENDING', 'SUCCESS', 'ERROR');
CREATE UNLOGGED TABLE net.http_request_queue (
    id bigserial PRIMARY KEY,
    method net.http_method NOT NULL,
    url text NOT NULL,
    headers jsonb,
    body bytea,
    timeout_milliseconds int NOT NULL
);
CREATE UNLOGGED TABLE net._http_response (
    id bigint,
    status_code integer,
    content_type text,
    headers jsonb,
    content text,
    timed_out boolean,
    error_msg text,
    created timestamptz NOT NULL DEFAULT now()
);
CREATE FUNCTION net.http_get(
    url text, params jsonb DEFAULT '{}', headers jsonb DEFAULT '{}', timeout_milliseconds int DEFAULT 5000
) RETURNS bigint
LANGUAGE sql VOLATILE PARALLEL SAFE STRICT SECURITY DEFINER SET search_path = net AS $$
    INSERT INTO net.http_request_queue (method, url, headers, timeout_milliseconds)
    VALUES ('GET', url || coalesce((SELECT '?' || string_agg(key || '=' || value, '&') FROM jsonb_each_text(params)), ''),
            headers, timeout_milliseconds)
    RETURNING id
$$;
CREATE FUNCTION net.http_delete(
    url text, params jsonb DEFAULT '{}', headers jsonb DEFAULT '{}', timeout_milliseconds int DEFAULT 5000,
    body jsonb DEFAULT NULL
) RETURNS bigint
LANGUAGE sql VOLATILE PARALLEL SAFE SECURITY DEFINER SET search_path = net AS $$
    INSERT INTO net.http_request_queue (method, url, headers, body, timeout_milliseconds)
    VALUES ('DELETE',
            url || coalesce((SELECT '?' || string_agg(key || '=' || value, '&') FROM jsonb_each_text(params)), ''),
            headers, convert_to(body::text, 'UTF8'), timeout_milliseconds)
    RETURNING id
$$;
CREATE FUNCTION net.http_post(
    url text, body jsonb DEFAULT '{}', params jsonb DEFAULT '{}',
    headers jsonb DEFAULT '{"Content-Type": "application/json"}', timeout_milliseconds int DEFAULT 5000
) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL SAFE SECURITY DEFINER SET search_path = net AS $$
DECLARE
    request bigint;
BEGIN
    IF NOT EXISTS (
        SELECT FROM jsonb_each_text(headers) AS h
        WHERE lower(h.key) = 'content-type' AND h.value ~* '^application/json'
    ) AND headers IS NOT NULL AND headers <> '{}' AND EXISTS (
        SELECT FROM jsonb_each_text(headers) AS h WHERE lower(h.key) = 'content-type'
    ) THEN
        RAISE EXCEPTION 'Content-Type header must be "application/json"';
    END IF;
    INSERT INTO net.http_request_queue (method, url, headers, body, timeout_milliseconds)
    VALUES ('POST',
            url || coalesce((SELECT '?' || string_agg(key || '=' || value, '&') FROM jsonb_each_text(params)), ''),
            headers, convert_to(body::text, 'UTF8'), timeout_milliseconds)
    RETURNING id INTO request;
    RETURN request;
END
$$;
CREATE FUNCTION net.wait_until_running() RETURNS void LANGUAGE sql AS $$ SELECT $$;
CREATE FUNCTION net.check_worker_is_up() RETURNS void LANGUAGE sql AS $$ SELECT $$;
GRANT USAGE ON SCHEMA net TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA net TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA net TO PUBLIC;
