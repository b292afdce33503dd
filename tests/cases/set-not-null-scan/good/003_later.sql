alter table orders validate constraint customer_given;
alter table orders alter column customer_id set not null;
alter table orders drop constraint customer_given;
