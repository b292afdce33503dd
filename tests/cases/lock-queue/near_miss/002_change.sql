-- None of these keeps readers or writers waiting.
update orders set state = 'new' where state is null;
comment on table orders is 'what was ordered';
analyze orders;
create table lines (id int);
alter table lines add column amount int;
