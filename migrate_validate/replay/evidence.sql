-- Relations that this transaction holds locked for writing or more. Names are looked up only for those that matter, in
-- a query of its own: most migrations lock little that existed before them.
select relation::bigint,
       mode,
       (select exists (select from pg_trigger where tgdeferrable and not tgisinternal)) as deferred
from pg_locks
where pid = pg_backend_pid()
  and locktype = 'relation'
  and database <> 0
  and mode in ('RowExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
