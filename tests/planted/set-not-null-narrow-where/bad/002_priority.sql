alter table tickets add column priority smallint;
update tickets set priority = 1 where kind = 'bug';
update tickets set priority = 2 where kind = 'feature';
alter table tickets alter column priority set not null;
