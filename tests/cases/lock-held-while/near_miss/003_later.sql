begin;
alter table orders add column note text;
commit;
begin;
update orders set note = state;
commit;
