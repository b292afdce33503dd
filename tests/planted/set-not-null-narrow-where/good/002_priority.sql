alter table tickets add column priority smallint;
update tickets set priority = case kind when 'bug' then 1 when 'feature' then 2 else 3 end;
alter table tickets alter column priority set not null;
