create table orders_with_region as
select orders.id, orders.customer_id, orders.total, coalesce(customers.region, 'unknown') as region
from orders
left join customers on customers.id = orders.customer_id;

drop table orders;
alter table orders_with_region rename to orders;
alter table orders add primary key (id);
alter table orders add foreign key (customer_id) references customers (id);
create index orders_customer on orders (customer_id);
