-- At the end of a transaction, before its COMMIT: the tables whose rows or names it may have changed; whether its
-- COMMIT may change others, by deferred triggers; whether event triggers run code of their own beside it; whether it has
-- renamed schemas, or changed settings that new sessions begin with (both commands keep their lock on the catalog until
-- COMMIT: commands/schemacmds.c and catalog/pg_db_role_setting.c); the greatest number given to a relation so far; when
-- COMMIT begins.
with mine as materialized (
    select relation, mode
    from pg_catalog.pg_lock_status()
    where pid = pg_catalog.pg_backend_pid()
      and locktype = 'relation'
      and mode in ('RowExclusiveLock', 'AccessExclusiveLock')
),
held as materialized (
    select relation,
           pg_catalog.bool_or(mode = 'AccessExclusiveLock') as exclusive,
           pg_catalog.bool_or(mode = 'RowExclusiveLock') as writing,
           pg_catalog.pg_stat_get_xact_tuples_inserted(relation) > 0
               or pg_catalog.pg_stat_get_xact_tuples_deleted(relation) > 0
               or not pg_catalog.current_setting('track_counts')::boolean as written
    from mine
    where relation >= 16384
    group by relation
)
select (
           select pg_catalog.json_agg(
                      pg_catalog.json_build_array(held.relation::bigint, c.schema, c.name, held.written)
                  )
           from held
           left join lateral (
               select (select nspname from pg_catalog.pg_namespace where oid = relnamespace) as schema,
                      relname as name,
                      relkind = 'r' and relpersistence <> 't' as lasting
               from pg_catalog.pg_class
               where oid = held.relation
               offset 0
           ) c on true
           where (held.exclusive or held.written)
             and c.lasting is distinct from false
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
       exists (select from mine where relation = 'pg_catalog.pg_namespace'::regclass),
       exists (select from mine where relation = 'pg_catalog.pg_db_role_setting'::regclass),
       greatest(
           (select max(c.oid) from pg_catalog.pg_class c),
           (select max(c.relfilenode) from pg_catalog.pg_class c where c.reltablespace = 0)
       )::bigint,
       extract(epoch from pg_catalog.clock_timestamp())::float8
