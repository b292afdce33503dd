alter table orders add column total_new bigint;
alter table orders add column token uuid;
alter table orders alter column token set default gen_random_uuid();
alter table orders add column note text not null default 'none';
