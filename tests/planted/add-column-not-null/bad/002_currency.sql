-- Orders are paid in several currencies from now on.
alter table orders add column currency char(3) not null;
create index orders_currency on orders (currency);
