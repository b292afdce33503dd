alter table events attach partition events_2024 for values from ('2024-01-01') to ('2025-01-01');
do $$
begin
  alter table orders add column note text;
  update orders set note = 'none';
end $$;
alter domain positive add check (value > 0);
