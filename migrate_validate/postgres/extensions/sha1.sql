-- SHA-1 (FIPS 180-4), which PostgreSQL has only inside its C extensions. All bit operators have one precedence.
CREATE FUNCTION stand_in_sha1(data bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    mask CONSTANT bigint := 4294967295;
    padded bytea := data || '\x80'::bytea
        || decode(repeat('00', (119 - length(data) % 64) % 64), 'hex') || int8send(length(data)::bigint * 8);
    w bigint[];
    h0 bigint := 1732584193; h1 bigint := 4023233417; h2 bigint := 2562383102; h3 bigint := 271733878;
    h4 bigint := 3285377520;
    a bigint; b bigint; c bigint; d bigint; e bigint; f bigint; k bigint; x bigint;
BEGIN
    FOR block IN 0 .. length(padded) / 64 - 1 LOOP
        w := '{}';
        FOR t IN 0 .. 15 LOOP
            w[t] := (get_byte(padded, block * 64 + t * 4)::bigint << 24) | (get_byte(padded, block * 64 + t * 4 + 1) << 16)
                | (get_byte(padded, block * 64 + t * 4 + 2) << 8) | get_byte(padded, block * 64 + t * 4 + 3);
        END LOOP;
        FOR t IN 16 .. 79 LOOP
            x := w[t - 3] # w[t - 8] # w[t - 14] # w[t - 16];
            w[t] := ((x << 1) | (x >> 31)) & mask;
        END LOOP;
        a := h0; b := h1; c := h2; d := h3; e := h4;
        FOR t IN 0 .. 79 LOOP
            IF t < 20 THEN
                f := (b & c) | ((mask # b) & d); k := 1518500249;
            ELSIF t < 40 THEN
                f := b # c # d; k := 1859775393;
            ELSIF t < 60 THEN
                f := (b & c) | (b & d) | (c & d); k := 2400959708;
            ELSE
                f := b # c # d; k := 3395469782;
            END IF;
            x := (((a << 5) | (a >> 27)) & mask) + f + e + k + w[t] & mask;
            e := d; d := c; c := ((b << 30) | (b >> 2)) & mask; b := a; a := x;
        END LOOP;
        h0 := h0 + a & mask; h1 := h1 + b & mask; h2 := h2 + c & mask; h3 := h3 + d & mask; h4 := h4 + e & mask;
    END LOOP;
    RETURN substr(int8send(h0), 5) || substr(int8send(h1), 5) || substr(int8send(h2), 5) || substr(int8send(h3), 5)
        || substr(int8send(h4), 5);
END
$$;
