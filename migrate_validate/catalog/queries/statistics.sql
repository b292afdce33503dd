-- Sizes and counters of every table and materialized view; a partitioned table has the sums of its partitions.
with recursive part (root, oid) as (
    select c.oid, c.oid
      from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'm')
       and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
       and n.nspname not like 'pg\_temp\_%'
    union all
    select part.root, i.inhrelid
      from part
      join pg_inherits as i on i.inhparent = part.oid
      join pg_class as c on c.oid = i.inhrelid and c.relispartition
)
select n.nspname || '.' || root.relname as name,
       sum(case when c.relkind not in ('r', 'm') then null
                when c.reltuples >= 0 then c.reltuples::bigint
                else s.n_live_tup end)::bigint as rows,
       coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint as bytes,
       coalesce(sum(pg_table_size(c.oid)), 0)::bigint as heap_bytes,
       coalesce(sum(pg_indexes_size(c.oid)), 0)::bigint as index_bytes,
       coalesce(sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del), 0)::bigint as writes,
       coalesce(sum(s.seq_scan + coalesce(s.idx_scan, 0)), 0)::bigint as reads
  from part
  join pg_class as root on root.oid = part.root
  join pg_namespace as n on n.oid = root.relnamespace
  join pg_class as c on c.oid = part.oid
  left join pg_stat_user_tables as s on s.relid = c.oid
 group by n.nspname, root.relname
 order by 1
