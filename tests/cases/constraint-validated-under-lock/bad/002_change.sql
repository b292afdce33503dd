alter table orders add foreign key (customer_id) references customers on delete cascade;
alter table orders add constraint total_positive check (total > 0) no inherit, add column note text;
alter table customers add column age int check (age > 0);
