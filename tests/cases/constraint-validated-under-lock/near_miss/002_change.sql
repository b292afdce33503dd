-- No row that exists has a value to check.
alter table orders add column seller_id bigint references customers;
create table lines (id int, amount int);
alter table lines add check (amount > 0);
