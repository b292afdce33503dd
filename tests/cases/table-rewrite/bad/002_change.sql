alter table orders
  alter column total type bigint,
  add column note text;
alter table orders add column token uuid not null default gen_random_uuid();
alter table customers alter column email type varchar(200) using left(email, 200);
alter table customers add column number serial;
refresh materialized view spending;
