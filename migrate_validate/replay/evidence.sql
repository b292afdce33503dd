-- Relations that this transaction holds locked against readers or writers and that are older than it. Object
-- identifiers and file numbers come from one counter: what is greater than its value at the start is new.
select n.nspname || '.' || c.relname as relation,
       l.mode,
       bool_or(c.relfilenode > %(newest)s) as rewritten
from pg_locks l
join pg_class c on c.oid = l.relation
join pg_namespace n on n.oid = c.relnamespace
where l.pid = pg_backend_pid()
  and l.locktype = 'relation'
  and l.database = (select oid from pg_database where datname = current_database())
  and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
  and c.oid <= %(newest)s
  and c.relkind in ('r', 'p', 'm', 'f')
  and n.nspname not in ('pg_catalog', 'pg_toast')
group by 1, 2
order by 1, 2
