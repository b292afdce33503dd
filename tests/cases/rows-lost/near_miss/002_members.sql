-- Other names and another schema: no row is gone.
create schema people;
alter table users rename to members;
alter table members rename column plan_id to plan;
alter table members set schema people;
