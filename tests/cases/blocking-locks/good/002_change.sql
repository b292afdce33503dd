create table lines (id int);
alter table lines add column amount int;
create index concurrently on orders (state);
