create table users_with_plan as
select users.id, plans.name as plan from users join plans on plans.id = users.plan_id;

drop table users;
alter table users_with_plan rename to users;
