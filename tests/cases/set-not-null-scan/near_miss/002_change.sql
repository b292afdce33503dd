-- It was NOT NULL before.
alter table orders alter column id set not null;
create table lines (id int, amount int);
alter table lines alter column amount set not null;
alter table orders add column kind text not null default 'plain';
