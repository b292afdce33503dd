CREATE FUNCTION graphql.resolve(
    query text, variables jsonb DEFAULT '{}', "operationName" text DEFAULT NULL, extensions jsonb DEFAULT NULL
) RETURNS jsonb
LANGUAGE sql AS $$
    SELECT jsonb_build_object('data', NULL, 'errors', jsonb_build_array(jsonb_build_object(
        'message', 'GraphQL is not evaluated: this is a stand-in')))
$$;
CREATE SEQUENCE graphql.seq_schema_version AS int CYCLE;
CREATE FUNCTION graphql.increment_schema_version() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM nextval('graphql.seq_schema_version');
END
$$;
CREATE FUNCTION graphql.get_schema_version() RETURNS int LANGUAGE sql SECURITY DEFINER AS $$
    SELECT last_value::int FROM graphql.seq_schema_version
$$;
