-- A value is kept as the text of itself. What takes or gives cstring has to be C or SQL, and SQL only where nobody looks
-- at the declaration: so the language's validator is put aside for a moment.
CREATE TYPE stand_in_raw;
CREATE FUNCTION stand_in_raw_in(cstring) RETURNS stand_in_raw LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textin';
CREATE FUNCTION stand_in_raw_out(stand_in_raw) RETURNS cstring
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textout';
CREATE TYPE stand_in_raw (INPUT = stand_in_raw_in, OUTPUT = stand_in_raw_out, LIKE = text);

CREATE TYPE vector;
CREATE FUNCTION vector_in(cstring, oid, integer) RETURNS vector
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textin';
CREATE FUNCTION vector_out(vector) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textout';
CREATE FUNCTION vector_typmod_in(cstring[]) RETURNS integer
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'varchartypmodin';
CREATE TYPE vector (
    INPUT = vector_in, OUTPUT = vector_out, TYPMOD_IN = vector_typmod_in, LIKE = text, STORAGE = external
);
CREATE CAST (stand_in_raw AS vector) WITHOUT FUNCTION;

CREATE FUNCTION stand_in_parse(input text) RETURNS real[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    inside text := substring(input FROM '^\s*\[(.*)\]\s*$');
BEGIN
    IF inside ~ '^\s*$' THEN
        RETURN '{}';
    ELSIF inside ~* '^[-+\d.e, ]*nan' THEN
        RAISE EXCEPTION 'NaN not allowed in vector' USING ERRCODE = 'data_exception';
    ELSIF inside ~* '^[-+\d.e, ]*inf' THEN
        RAISE EXCEPTION 'infinite value not allowed in vector' USING ERRCODE = 'data_exception';
    ELSIF input !~ '^\s*\[' THEN
        RAISE EXCEPTION 'invalid input syntax for type vector: "%"', input
            USING ERRCODE = 'invalid_text_representation', DETAIL = 'Vector contents must start with "[".';
    ELSIF inside IS NULL
        OR inside !~ '^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*(,\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*)*$'
    THEN
        RAISE EXCEPTION 'invalid input syntax for type vector: "%"', input USING ERRCODE = 'invalid_text_representation';
    END IF;
    RETURN string_to_array(inside, ',')::real[];
END
$$;
CREATE FUNCTION stand_in_make(elements real[], dimensions integer) RETURNS stand_in_raw
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF array_ndims(elements) > 1 THEN
        RAISE EXCEPTION 'array must be 1-D' USING ERRCODE = 'data_exception';
    ELSIF array_position(elements, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'array must not contain nulls' USING ERRCODE = 'null_value_not_allowed';
    ELSIF cardinality(elements) = 0 THEN
        RAISE EXCEPTION 'vector must have at least 1 dimension' USING ERRCODE = 'data_exception';
    ELSIF cardinality(elements) > 16000 THEN
        RAISE EXCEPTION 'vector cannot have more than 16000 dimensions' USING ERRCODE = 'program_limit_exceeded';
    ELSIF dimensions NOT IN (-1, cardinality(elements)) THEN
        RAISE EXCEPTION 'expected % dimensions, not %', dimensions, cardinality(elements)
            USING ERRCODE = 'data_exception';
    ELSIF 'NaN' = ANY (elements) THEN
        RAISE EXCEPTION 'NaN not allowed in vector' USING ERRCODE = 'data_exception';
    ELSIF 'Infinity' = ANY (elements) OR '-Infinity' = ANY (elements) THEN
        RAISE EXCEPTION 'infinite value not allowed in vector' USING ERRCODE = 'data_exception';
    END IF;
    RETURN '[' || array_to_string(elements, ',') || ']';
END
$$;
CREATE FUNCTION stand_in_dimensions(modifiers text[]) RETURNS integer
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF cardinality(modifiers) <> 1 THEN
        RAISE EXCEPTION 'invalid type modifier' USING ERRCODE = 'invalid_parameter_value';
    ELSIF modifiers[1]::integer < 1 THEN
        RAISE EXCEPTION 'dimensions for type vector must be at least 1' USING ERRCODE = 'invalid_parameter_value';
    ELSIF modifiers[1]::integer > 16000 THEN
        RAISE EXCEPTION 'dimensions for type vector cannot exceed 16000' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN modifiers[1];
END
$$;
-- Again, in SQL: bodies that are parsed now find what they call wherever the extension is moved to.
UPDATE pg_catalog.pg_language SET lanvalidator = 0 WHERE lanname = 'sql';
CREATE OR REPLACE FUNCTION vector_in(cstring, oid, integer) RETURNS vector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN stand_in_make(stand_in_parse($1::text), $3)::vector;
CREATE OR REPLACE FUNCTION vector_typmod_in(cstring[]) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN stand_in_dimensions($1::text[]);
UPDATE pg_catalog.pg_language SET lanvalidator = 'pg_catalog.fmgr_sql_validator'::regproc WHERE lanname = 'sql';

CREATE FUNCTION vector(vector, integer, boolean) RETURNS vector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN stand_in_make(translate($1::text, '[]', '{}')::real[], $2)::vector;
CREATE FUNCTION vector_to_float4(vector, integer, boolean) RETURNS real[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN translate($1::text, '[]', '{}')::real[];
CREATE FUNCTION array_to_vector(real[], integer, boolean) RETURNS vector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN stand_in_make($1, $2)::vector;
CREATE FUNCTION array_to_vector(integer[], integer, boolean) RETURNS vector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN stand_in_make($1::real[], $2)::vector;
CREATE FUNCTION array_to_vector(double precision[], integer, boolean) RETURNS vector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN stand_in_make($1::real[], $2)::vector;
CREATE FUNCTION array_to_vector(numeric[], integer, boolean) RETURNS vector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN stand_in_make($1::real[], $2)::vector;
CREATE CAST (vector AS vector) WITH FUNCTION vector(vector, integer, boolean) AS IMPLICIT;
CREATE CAST (vector AS real[]) WITH FUNCTION vector_to_float4(vector, integer, boolean) AS IMPLICIT;
CREATE CAST (real[] AS vector) WITH FUNCTION array_to_vector(real[], integer, boolean) AS ASSIGNMENT;
CREATE CAST (integer[] AS vector) WITH FUNCTION array_to_vector(integer[], integer, boolean) AS ASSIGNMENT;
CREATE CAST (double precision[] AS vector)
    WITH FUNCTION array_to_vector(double precision[], integer, boolean) AS ASSIGNMENT;
CREATE CAST (numeric[] AS vector) WITH FUNCTION array_to_vector(numeric[], integer, boolean) AS ASSIGNMENT;

CREATE FUNCTION stand_in_distance(a real[], b real[], measure text) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF cardinality(a) <> cardinality(b) THEN
        RAISE EXCEPTION 'different vector dimensions % and %', cardinality(a), cardinality(b)
            USING ERRCODE = 'data_exception';
    END IF;
    RETURN (
        SELECT CASE measure
            WHEN 'l1' THEN sum(abs(x - y))
            WHEN 'l2' THEN sqrt(sum((x - y) * (x - y)))
            WHEN 'dot' THEN sum(x * y)
            ELSE CASE WHEN sum(x * x) * sum(y * y) = 0 THEN 'NaN'
                ELSE 1 - least(1, greatest(-1, sum(x * y) / sqrt(sum(x * x) * sum(y * y)))) END
        END
        FROM unnest(a::double precision[], b::double precision[]) AS pairs (x, y)
    );
END
$$;
CREATE FUNCTION stand_in_combine(a real[], b real[], operator text) RETURNS stand_in_raw
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF cardinality(a) <> cardinality(b) THEN
        RAISE EXCEPTION 'different vector dimensions % and %', cardinality(a), cardinality(b)
            USING ERRCODE = 'data_exception';
    END IF;
    RETURN (
        SELECT '[' || string_agg(
            (CASE operator WHEN '+' THEN x + y WHEN '-' THEN x - y ELSE x * y END)::text, ',' ORDER BY place) || ']'
        FROM unnest(a, b) WITH ORDINALITY AS pairs (x, y, place)
    );
END
$$;
CREATE FUNCTION l2_distance(vector, vector) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN stand_in_distance($1, $2, 'l2');
CREATE FUNCTION l1_distance(vector, vector) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN stand_in_distance($1, $2, 'l1');
CREATE FUNCTION inner_product(vector, vector) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN stand_in_distance($1, $2, 'dot');
CREATE FUNCTION vector_negative_inner_product(vector, vector) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN -stand_in_distance($1, $2, 'dot');
CREATE FUNCTION cosine_distance(vector, vector) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN stand_in_distance($1, $2, 'cosine');
CREATE FUNCTION vector_dims(vector) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN cardinality($1::real[]);
CREATE FUNCTION vector_norm(vector) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT sqrt(sum(x::double precision * x)) FROM unnest($1::real[]) AS x);
CREATE FUNCTION l2_normalize(vector) RETURNS vector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT stand_in_make(array_agg((x / coalesce(nullif(vector_norm($1), 0), 1))::real ORDER BY place), -1)::vector
    FROM unnest($1::real[]) WITH ORDINALITY AS elements (x, place)
);
CREATE FUNCTION subvector(vector, integer, integer) RETURNS vector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN stand_in_make(($1::real[])[$2:$2 + $3 - 1], -1)::vector;
CREATE FUNCTION binary_quantize(vector) RETURNS bit LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT string_agg(CASE WHEN x > 0 THEN '1' ELSE '0' END, '' ORDER BY place)::varbit
    FROM unnest($1::real[]) WITH ORDINALITY AS elements (x, place)
);
CREATE FUNCTION vector_add(vector, vector) RETURNS vector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN stand_in_combine($1, $2, '+')::vector;
CREATE FUNCTION vector_sub(vector, vector) RETURNS vector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN stand_in_combine($1, $2, '-')::vector;
CREATE FUNCTION vector_mul(vector, vector) RETURNS vector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN stand_in_combine($1, $2, '*')::vector;
CREATE FUNCTION vector_concat(vector, vector) RETURNS vector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN stand_in_make($1::real[] || $2::real[], -1)::vector;

CREATE FUNCTION vector_cmp(vector, vector) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN btarraycmp($1::real[], $2::real[]);
CREATE FUNCTION vector_lt(vector, vector) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN btarraycmp($1::real[], $2::real[]) < 0;
CREATE FUNCTION vector_le(vector, vector) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN btarraycmp($1::real[], $2::real[]) <= 0;
CREATE FUNCTION vector_eq(vector, vector) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN btarraycmp($1::real[], $2::real[]) = 0;
CREATE FUNCTION vector_ne(vector, vector) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN btarraycmp($1::real[], $2::real[]) <> 0;
CREATE FUNCTION vector_ge(vector, vector) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN btarraycmp($1::real[], $2::real[]) >= 0;
CREATE FUNCTION vector_gt(vector, vector) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN btarraycmp($1::real[], $2::real[]) > 0;

CREATE OPERATOR <-> (LEFTARG = vector, RIGHTARG = vector, FUNCTION = l2_distance, COMMUTATOR = <->);
CREATE OPERATOR <#> (LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_negative_inner_product, COMMUTATOR = <#>);
CREATE OPERATOR <=> (LEFTARG = vector, RIGHTARG = vector, FUNCTION = cosine_distance, COMMUTATOR = <=>);
CREATE OPERATOR <+> (LEFTARG = vector, RIGHTARG = vector, FUNCTION = l1_distance, COMMUTATOR = <+>);
CREATE OPERATOR + (LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_add, COMMUTATOR = +);
CREATE OPERATOR - (LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_sub);
CREATE OPERATOR * (LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_mul, COMMUTATOR = *);
CREATE OPERATOR || (LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_concat);
CREATE OPERATOR < (
    LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_lt, COMMUTATOR = >, NEGATOR = >=,
    RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
CREATE OPERATOR <= (
    LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_le, COMMUTATOR = >=, NEGATOR = >,
    RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
CREATE OPERATOR = (
    LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_eq, COMMUTATOR = =, NEGATOR = <>,
    RESTRICT = eqsel, JOIN = eqjoinsel
);
CREATE OPERATOR <> (
    LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_ne, COMMUTATOR = <>, NEGATOR = =,
    RESTRICT = eqsel, JOIN = eqjoinsel
);
CREATE OPERATOR >= (
    LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_ge, COMMUTATOR = <=, NEGATOR = <,
    RESTRICT = scalargesel, JOIN = scalargejoinsel
);
CREATE OPERATOR > (
    LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_gt, COMMUTATOR = <, NEGATOR = <=,
    RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);

CREATE FUNCTION vector_accum(double precision[], vector) RETURNS double precision[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN $1[1] = 0 THEN 1::double precision || $2::real[]::double precision[]
    -- The distance is never below zero: it is asked for because it refuses other dimensions.
    WHEN stand_in_distance(($1[2:])::real[], $2, 'l1') >= 0 THEN (
        SELECT ($1[1] + 1) || array_agg(x + y ORDER BY place)
        FROM unnest($1[2:], $2::real[]) WITH ORDINALITY AS pairs (x, y, place)
    )
END;
CREATE FUNCTION vector_avg(double precision[]) RETURNS vector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN $1[1] > 0 THEN (
    SELECT stand_in_make(array_agg((x / $1[1])::real ORDER BY place), -1)::vector
    FROM unnest($1[2:]) WITH ORDINALITY AS elements (x, place)
) END;
CREATE FUNCTION vector_combine(double precision[], double precision[]) RETURNS double precision[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN $1[1] = 0 THEN $2 WHEN $2[1] = 0 THEN $1 ELSE (
    SELECT array_agg(x + y ORDER BY place) FROM unnest($1, $2) WITH ORDINALITY AS pairs (x, y, place)
) END;
CREATE AGGREGATE avg (vector) (
    SFUNC = vector_accum, STYPE = double precision[], FINALFUNC = vector_avg, COMBINEFUNC = vector_combine,
    INITCOND = '{0}', PARALLEL = SAFE
);
CREATE AGGREGATE sum (vector) (SFUNC = vector_add, STYPE = vector, COMBINEFUNC = vector_add, PARALLEL = SAFE);

-- A hash index takes values of any length, and as little does it take several columns or UNIQUE.
CREATE FUNCTION hnswhandler(internal) RETURNS index_am_handler LANGUAGE internal AS 'hashhandler';
CREATE FUNCTION ivfflathandler(internal) RETURNS index_am_handler LANGUAGE internal AS 'hashhandler';
CREATE ACCESS METHOD hnsw TYPE INDEX HANDLER hnswhandler;
CREATE ACCESS METHOD ivfflat TYPE INDEX HANDLER ivfflathandler;
CREATE FUNCTION stand_in_hash(vector) RETURNS integer
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashvarlena';
CREATE OPERATOR CLASS vector_ops DEFAULT FOR TYPE vector USING btree AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 vector_cmp(vector, vector);
CREATE OPERATOR CLASS vector_l2_ops FOR TYPE vector USING hnsw AS FUNCTION 1 stand_in_hash(vector);
CREATE OPERATOR CLASS vector_ip_ops FOR TYPE vector USING hnsw AS FUNCTION 1 stand_in_hash(vector);
CREATE OPERATOR CLASS vector_cosine_ops FOR TYPE vector USING hnsw AS FUNCTION 1 stand_in_hash(vector);
CREATE OPERATOR CLASS vector_l1_ops FOR TYPE vector USING hnsw AS FUNCTION 1 stand_in_hash(vector);
CREATE OPERATOR CLASS vector_l2_ops DEFAULT FOR TYPE vector USING ivfflat AS FUNCTION 1 stand_in_hash(vector);
CREATE OPERATOR CLASS vector_ip_ops FOR TYPE vector USING ivfflat AS FUNCTION 1 stand_in_hash(vector);
CREATE OPERATOR CLASS vector_cosine_ops FOR TYPE vector USING ivfflat AS FUNCTION 1 stand_in_hash(vector);
