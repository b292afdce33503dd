insert into customers values (1, 'Ada');
insert into subscriptions (id, customer_id) values (1, 1), (2, 1);
