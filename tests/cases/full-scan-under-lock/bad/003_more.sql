-- The CHECK is tried on every row, the default partition is searched for rows of the new one.
alter table customers alter column email type text;
create table moves_2024 partition of moves for values from ('2024-01-01') to ('2025-01-01');
do $$
begin
  if not exists (select from pg_constraint where conname = 'total_positive') then
    execute 'alter table orders add constraint total_positive check (total > 0)';
  end if;
end $$;
