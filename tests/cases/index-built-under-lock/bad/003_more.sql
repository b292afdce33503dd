alter table orders add constraint one_a_customer exclude using btree (customer_id with =);
alter table events add constraint one_a_day unique (at);
