-- After the last statement of a transaction, before its COMMIT: what observed.sql gives, and then: the tables whose rows or
-- names it may have changed; whether its COMMIT may change others, by deferred triggers; whether event triggers run code of
-- their own beside it; whether it has renamed schemas, or changed settings that new sessions begin with (both commands keep
-- their lock on the catalog until COMMIT: commands/schemacmds.c and catalog/pg_db_role_setting.c); the greatest number of
-- what it has locked exclusively, as it has all that it made; when COMMIT begins.
with mine as materialized (
    select (lock).relation, (lock).mode
    from (select pg_catalog.pg_lock_status() as lock) of_anybody -- called so, it keeps no table of the locks
    where (lock).pid = pg_catalog.pg_backend_pid()
      and (lock).locktype = 'relation'
),
held as materialized (
    select each.relation,
           each.modes,
           'AccessExclusiveLock' = any (each.modes) as exclusive,
           'RowExclusiveLock' = any (each.modes) as writing,
           (select n.nspname from pg_catalog.pg_namespace n where n.oid = c.relnamespace) as schema,
           c.relname,
           c.relkind,
           c.relfilenode,
           c.relnamespace,
           c.relpersistence
    from (
        select relation, pg_catalog.array_agg(mode) as modes
        from mine
        where relation >= 16384
        group by relation
    ) each
    left join lateral (
        select relname, relkind, relfilenode, relnamespace, relpersistence
        from pg_catalog.pg_class
        where oid = each.relation
        offset 0
    ) c on true
)
select extract(epoch from pg_catalog.clock_timestamp())::float8 as migrate_validate_observed,
       extract(epoch from pg_catalog.transaction_timestamp())::float8,
       pg_catalog.current_setting('lock_timeout'),
       (
           select pg_catalog.json_agg(pg_catalog.json_build_array(
                      relation::bigint,
                      schema,
                      relname,
                      relkind,
                      relfilenode::bigint,
                      modes,
                      pg_catalog.pg_stat_get_xact_numscans(relation),
                      pg_catalog.pg_stat_get_xact_tuples_returned(relation),
                      pg_catalog.pg_stat_get_xact_tuples_inserted(relation),
                      pg_catalog.pg_stat_get_xact_tuples_updated(relation),
                      pg_catalog.pg_stat_get_xact_tuples_deleted(relation)
                  ))
           from held
           where relation <= $1::oid
             and (relkind is null or relkind in ('r', 'p', 'm', 'f', 'v') or relkind = 'i' and exclusive)
             and relnamespace is distinct from 99 -- pg_toast
       ),
       extract(epoch from pg_catalog.clock_timestamp())::float8,
       (
           select pg_catalog.json_agg(pg_catalog.json_build_array(relation::bigint, schema, relname, written))
           from (
               select *,
                      pg_catalog.pg_stat_get_xact_tuples_inserted(relation) > 0
                      or pg_catalog.pg_stat_get_xact_tuples_deleted(relation) > 0
                      or not pg_catalog.current_setting('track_counts')::boolean as written
               from held
               where writing
                  or exclusive
           ) maybe
           where (exclusive or written)
             and (relkind is null or relkind = 'r' and relpersistence <> 't')
       ),
       exists (
           select
           from held
           cross join lateral (
               select
               from pg_catalog.pg_trigger
               where tgrelid = held.relation
                 and tgdeferrable
                 and not tgisinternal
               offset 0
           ) later
           where held.writing
       ),
       exists (select from pg_catalog.pg_event_trigger),
       exists (
           select
           from mine
           where relation = 'pg_catalog.pg_namespace'::regclass
             and mode in ('RowExclusiveLock', 'AccessExclusiveLock')
       ),
       exists (
           select
           from mine
           where relation = 'pg_catalog.pg_db_role_setting'::regclass
             and mode in ('RowExclusiveLock', 'AccessExclusiveLock')
       ),
       (select pg_catalog.max(greatest(relation, relfilenode)) from held where exclusive)::bigint,
       extract(epoch from pg_catalog.clock_timestamp())::float8
