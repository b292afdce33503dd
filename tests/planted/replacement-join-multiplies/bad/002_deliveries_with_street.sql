create table deliveries_with_street as
select deliveries.id, deliveries.recipient, coalesce(addresses.street, '') as street
from deliveries
left join addresses on addresses.recipient = deliveries.recipient;

drop table deliveries;
alter table deliveries_with_street rename to deliveries;
create index deliveries_id on deliveries (id);
