-- Orders are paid in several currencies from now on; all of the past were paid in euros.
alter table orders add column currency char(3) not null default 'EUR';
create index orders_currency on orders (currency);
