-- At the end of a transaction, before its COMMIT: the tables whose rows or names it may have changed; whether its
-- COMMIT may change others, by deferred triggers; whether event triggers run code of their own beside it; what the schemas
-- are called; what changes with the settings that new sessions begin with; the greatest number given to a relation so far; when COMMIT begins.
with held as materialized (
    select relation,
           pg_catalog.bool_or(mode = 'AccessExclusiveLock') as exclusive,
           pg_catalog.bool_or(mode = 'RowExclusiveLock') as writing,
           pg_catalog.pg_stat_get_xact_tuples_inserted(relation) > 0
               or pg_catalog.pg_stat_get_xact_tuples_deleted(relation) > 0
               or not pg_catalog.current_setting('track_counts')::boolean as written
    from pg_catalog.pg_lock_status()
    where pid = pg_catalog.pg_backend_pid()
      and locktype = 'relation'
      and relation >= 16384
      and mode in ('RowExclusiveLock', 'AccessExclusiveLock')
    group by relation
)
select (
           select pg_catalog.json_agg(
                      pg_catalog.json_build_array(held.relation::bigint, c.schema, c.name, held.writing and held.written)
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
       (select pg_catalog.hashtext(pg_catalog.string_agg(n.nspname, ',' order by n.oid)) from pg_catalog.pg_namespace n),
       (
           select coalesce(pg_catalog.hashtext(pg_catalog.string_agg(s.ctid::text || s.xmin::text, ',')), 0)
           from pg_catalog.pg_db_role_setting s
           where s.setdatabase = 0
              or s.setdatabase = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
       ),
       greatest(
           (select max(c.oid) from pg_catalog.pg_class c),
           (select max(c.relfilenode) from pg_catalog.pg_class c where c.reltablespace = 0)
       )::bigint,
       extract(epoch from pg_catalog.clock_timestamp())::float8
