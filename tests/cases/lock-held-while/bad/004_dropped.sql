drop table queue;
update customers set email = lower(email);
