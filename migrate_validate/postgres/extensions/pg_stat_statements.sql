CREATE VIEW pg_stat_statements AS
SELECT
    NULL::oid AS userid, NULL::oid AS dbid, NULL::boolean AS toplevel, NULL::bigint AS queryid, NULL::text AS query,
    NULL::bigint AS plans, NULL::float8 AS total_plan_time, NULL::float8 AS min_plan_time,
    NULL::float8 AS max_plan_time, NULL::float8 AS mean_plan_time, NULL::float8 AS stddev_plan_time,
    NULL::bigint AS calls, NULL::float8 AS total_exec_time, NULL::float8 AS min_exec_time,
    NULL::float8 AS max_exec_time, NULL::float8 AS mean_exec_time, NULL::float8 AS stddev_exec_time,
    NULL::bigint AS rows, NULL::bigint AS shared_blks_hit, NULL::bigint AS shared_blks_read
WHERE false;
CREATE FUNCTION pg_stat_statements_reset(
    userid oid DEFAULT 0, dbid oid DEFAULT 0, queryid bigint DEFAULT 0, minmax_only boolean DEFAULT false
) RETURNS timestamptz
LANGUAGE sql VOLATILE STRICT PARALLEL SAFE RETURN now();
GRANT SELECT ON pg_stat_statements TO PUBLIC;
