-- Relations that this transaction holds locked for writing or more. Object identifiers and file numbers come from one
-- counter: what is greater than its value at the start is new. The array lets the planner use the index of pg_class;
-- it expects a thousand locks otherwise, and reads the whole table.
with held as materialized (
    select relation, mode
    from pg_locks
    where pid = pg_backend_pid()
      and locktype = 'relation'
      and database = (select oid from pg_database where datname = current_database())
      and mode in ('RowExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
)
select c.oid::bigint,
       n.nspname || '.' || c.relname as relation,
       held.mode,
       c.oid <= %(newest)s
           and c.relkind in ('r', 'p', 'm', 'f')
           and n.nspname not in ('pg_catalog', 'pg_toast')
           and held.mode <> 'RowExclusiveLock' as against_others,
       bool_or(c.relfilenode > %(newest)s) as rewritten,
       exists (select from pg_trigger where tgdeferrable and not tgisinternal) as deferred
from held
join pg_class c on c.oid = held.relation
join pg_namespace n on n.oid = c.relnamespace
where c.oid = any (array(select relation from held))
group by 1, 2, 3, 4
order by 2, 3
