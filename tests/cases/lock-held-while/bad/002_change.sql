alter table orders add column paid boolean;
update orders set paid = state = 'paid';
insert into customers (id) select 100 + n from generate_series(1, 2000) as n;
create index on orders (state);
comment on table orders is 'what was ordered';
