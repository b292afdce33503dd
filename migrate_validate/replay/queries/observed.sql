-- What the open transaction did to the relations that are no newer than $1, after one of its statements; those that it has
-- dropped have no name any more. The look-ups are written so that the planner cannot choose to read the whole of pg_class.
select extract(epoch from pg_catalog.clock_timestamp())::float8 as migrate_validate_observed,
       extract(epoch from pg_catalog.transaction_timestamp())::float8,
       pg_catalog.current_setting('lock_timeout'),
       (
           select pg_catalog.json_agg(pg_catalog.json_build_array(
                      held.relation::bigint,
                      (select n.nspname from pg_catalog.pg_namespace n where n.oid = c.relnamespace),
                      c.relname,
                      c.relkind,
                      c.relfilenode::bigint,
                      held.modes,
                      pg_catalog.pg_stat_get_xact_numscans(held.relation),
                      pg_catalog.pg_stat_get_xact_tuples_returned(held.relation),
                      pg_catalog.pg_stat_get_xact_tuples_inserted(held.relation),
                      pg_catalog.pg_stat_get_xact_tuples_updated(held.relation),
                      pg_catalog.pg_stat_get_xact_tuples_deleted(held.relation)
                  ))
           from (
               select (lock).relation, pg_catalog.array_agg((lock).mode) as modes
               from (select pg_catalog.pg_lock_status() as lock) of_anybody -- called so, it keeps no table of the locks
               where (lock).pid = pg_catalog.pg_backend_pid()
                 and (lock).locktype = 'relation'
                 and (lock).relation >= 16384
                 and (lock).relation <= $1::oid
               group by (lock).relation
           ) held
           left join lateral (
               select relname, relkind, relfilenode, relnamespace
               from pg_catalog.pg_class
               where oid = held.relation
               offset 0
           ) c on true
           where (c.relkind is null or c.relkind in ('r', 'p', 'm', 'f', 'v') or c.relkind = 'i' and 'AccessExclusiveLock' = any (held.modes))
             and c.relnamespace is distinct from 99 -- pg_toast
       ),
       extract(epoch from pg_catalog.clock_timestamp())::float8
