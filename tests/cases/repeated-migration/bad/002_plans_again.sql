-- The same in another hand.
create table if not exists plans (slug text, price int);
alter table plans enable row level security;
insert into plans values ('basic', 5);
