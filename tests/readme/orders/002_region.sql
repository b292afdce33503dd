create table orders_new as
select orders.*, customers.region
from orders join customers on customers.id = orders.customer_id;
drop table orders;
alter table orders_new rename to orders;
alter table orders add primary key (id);
alter table orders add foreign key (customer_id) references customers;
